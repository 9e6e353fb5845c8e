"""Fills raw tables, load records and the control mirror directly, so that models are tested without any fetching.

It writes what the loader and the control copy would have written (same columns, same types) and nothing else. Running
dbt on it is in `tests/dbt/project.py`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from ingestion.rails.qbo.promise import QBO
from ingestion.warehouse import STORAGE
from rowcol_assets.audit.tables import ensure_tables as ensure_log
from tests.dbt.raw_tables import CONTROL_TABLES, QUALITY_TABLES, RAIL_TABLES, RAW_COLUMNS

OBSERVED = datetime(2026, 6, 1, 12, tzinfo=UTC)


def realm_of(business_id: str) -> str:
    """The connection id these fixtures give a business."""
    return f"realm-{business_id}"


def connection_of(business_id: str, rail: str) -> str:
    """The connection id these fixtures give a business on a rail other than the ledger."""
    return f"{rail}-{business_id}"


class RawWarehouse:
    """An open warehouse file with every raw, control and quality table, empty until filled."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            # In the platform's own format, of which a warehouse is opened in less than half of the time.
            duckdb.connect(str(path), config={"storage_compatibility_version": STORAGE}).close()
        self._connection = duckdb.connect(str(path))
        self._connection.execute("set timezone = 'UTC'")
        for schema in ("raw_control", "quality"):
            self._connection.execute(f"create schema if not exists {schema}")
        for rail, entities in {"qbo": tuple(entity.name for entity in QBO.entities), **RAIL_TABLES}.items():
            self._connection.execute(f"create schema if not exists raw_{rail}")
            for table in entities:
                self._connection.execute(f"create table if not exists raw_{rail}.{table} ({RAW_COLUMNS})")
            self._connection.execute(
                f"create table if not exists raw_{rail}._dlt_loads (load_id varchar, schema_name varchar, status bigint,"
                " inserted_at timestamptz, schema_version_hash varchar)"
            )
        self._connection.execute(
            "create table if not exists raw_control._dlt_loads (load_id varchar, schema_name varchar, status bigint,"
            " inserted_at timestamptz, schema_version_hash varchar)"
        )
        ensure_log(self._connection)
        for schema, tables in (("raw_control", CONTROL_TABLES), ("quality", QUALITY_TABLES)):
            for table, columns in tables.items():
                self._connection.execute(f"create table if not exists {schema}.{table} ({columns})")

    def __enter__(self) -> RawWarehouse:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Releases the file, so that dbt can open it."""
        self._connection.close()

    def load(self, load_id: str, *, status: int = 0) -> None:
        """Records a dlt load of every rail; status 0 is a finished one."""
        for rail in ("qbo", *RAIL_TABLES):
            self._connection.execute(f"insert into raw_{rail}._dlt_loads values (?, ?, ?, ?, 'hash')", [load_id, rail, status, OBSERVED])

    def version(
        self,
        business_id: str,
        entity: str,
        record: Mapping[str, Any] | str,
        *,
        load_id: str = "1",
        record_id: str | None = None,
        version_no: int = 1,
        updated_at: datetime | None = None,
        observed_at: datetime = OBSERVED,
        is_deleted: bool = False,
        delivery: str = "schedule",
    ) -> str:
        """Appends one version and returns its change id; `record` is a mapping, or the JSON text itself where digits matter."""
        payload = record if isinstance(record, str) else json.dumps(record)
        fields = json.loads(payload) if record_id is None or updated_at is None else {}
        record_id = record_id or str(fields["Id"])
        updated_at = updated_at or _updated_at(fields, observed_at)
        content = hashlib.sha256(payload.encode()).hexdigest()
        change_id = hashlib.sha256("|".join((business_id, entity, record_id, updated_at.isoformat(), content)).encode()).hexdigest()
        self._connection.execute(
            f"insert into raw_qbo.{entity} values (?, ?, ?, ?, ?, '0', ?, ?, ?, ?, ?, ?, 'sync', ?)",
            [
                business_id,
                realm_of(business_id),
                record_id,
                change_id,
                version_no,
                updated_at,
                is_deleted,
                payload,
                content,
                observed_at,
                delivery,
                load_id,
            ],
        )
        return change_id

    def observed(
        self,
        business_id: str,
        rail: str,
        entity: str,
        record_id: str,
        record: Mapping[str, Any] | str,
        *,
        connection_id: str | None = None,
        version_no: int = 1,
        observed_at: datetime = OBSERVED,
        source_updated_at: datetime | None = None,
        is_deleted: bool = False,
        load_id: str = "1",
        delivery: str = "schedule",
    ) -> str:
        """Appends one version of a record of a rail that stamps none itself, and returns its change id."""
        payload = record if isinstance(record, str) else json.dumps(record)
        connection_id = connection_id or connection_of(business_id, rail)
        content = hashlib.sha256(payload.encode()).hexdigest()
        change_id = hashlib.sha256("|".join((business_id, connection_id, entity, record_id, content, str(version_no))).encode()).hexdigest()
        self._connection.execute(
            f"insert into raw_{rail}.{entity} values (?, ?, ?, ?, ?, null, ?, ?, ?, ?, ?, ?, 'sync', ?)",
            [
                business_id,
                connection_id,
                record_id,
                change_id,
                version_no,
                source_updated_at,
                is_deleted,
                payload,
                content,
                observed_at,
                delivery,
                load_id,
            ],
        )
        return change_id

    def versions(self, business_id: str, entity: str, records: Iterable[Mapping[str, Any]], *, load_id: str = "1") -> None:
        """Appends the first version of each of `records`."""
        for record in records:
            self.version(business_id, entity, record, load_id=load_id)

    def control(self, table: str, **values: Any) -> None:
        """Inserts one row into a control table; columns not given are NULL."""
        self._insert(f"raw_control.{table}", values)

    def quality(self, table: str, **values: Any) -> None:
        """Inserts one row into a quality table."""
        self._insert(f"quality.{table}", values)

    def checked(self, business_id: str, check_id: str, *, at: datetime, **failure: Any) -> None:
        """Records that a check ran on one record of a business, and passed unless a failure (entity, record_id, ...) is given."""
        run = {"run_id": "run", "business_id": business_id, "check_id": check_id, "ran_at": at}
        status = "failed" if failure else "passed"
        self.quality("expectation_runs", **run, status=status, records_checked=1, records_failed=1 if failure else 0)
        if failure:
            self.quality("expectation_failures", **run, **{"rail": "qbo"} | failure)

    def begun(self, at: datetime) -> None:
        """Has everybody onboarded and the transaction log begun at `at`: service levels are told of the days since."""
        self._connection.execute("update raw_control.businesses set onboarded_at = ?", [at])
        event = "select ':home' as business_id, 1 as seq, 'e' as event_id, ?::timestamp as recorded_at"
        self._connection.execute(f"insert into audit.transaction_log by name {event}", [at.replace(tzinfo=None)])

    def business(self, business_id: str, *, now: datetime, **settings: Any) -> None:
        """Onboards a business: its row, a healthy QBO connection, and every entity synced one minute before `now`."""
        synced = now - timedelta(minutes=1)
        common = {
            "business_id": business_id,
            "connection_id": realm_of(business_id),
            "rail": "qbo",
            "consecutive_failures": 0,
            "last_attempt_at": synced,
            "last_success_at": synced,
        }
        self.control(
            "businesses",
            **{
                "business_id": business_id,
                "business_name": business_id.title(),
                "firm_id": "firm",
                "firm_name": "Firm",
                "timezone": "UTC",
                "home_currency": "USD",
                "is_paused": False,
                "onboarded_at": synced,
            }
            | settings,
        )
        self.control("connections", **common, state="healthy", is_sandbox=True, is_paused=False, token_expires_at=now + timedelta(days=90))
        for entity in QBO.entities:
            self.control("sync_states", **common, entity=entity.name, last_full_walk_at=synced, last_outcome="succeeded")

    def connect(
        self,
        business_id: str,
        rail: str,
        *,
        now: datetime,
        age: timedelta = timedelta(minutes=1),
        state: str = "healthy",
        connection_id: str | None = None,
    ) -> None:
        """Connects a business to another rail, all of whose entities were synced `age` before `now`."""
        synced = now - age
        common = {
            "business_id": business_id,
            "connection_id": connection_id or connection_of(business_id, rail),
            "rail": rail,
            "consecutive_failures": 0,
            "last_attempt_at": now,
            "last_success_at": synced,
        }
        self.control("connections", **common, state=state, is_sandbox=True, is_paused=False)
        for entity in RAIL_TABLES[rail]:
            self.control("sync_states", **common, entity=entity, last_full_walk_at=synced, last_outcome="succeeded")

    def execute(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Runs one statement and returns its rows."""
        return self._connection.execute(sql, parameters or []).fetchall()

    def _insert(self, table: str, values: Mapping[str, Any]) -> None:
        marks = ", ".join("?" for _ in values)
        self._connection.execute(f"insert into {table} ({', '.join(values)}) values ({marks})", list(values.values()))


def _updated_at(fields: Mapping[str, Any], observed_at: datetime) -> datetime:
    text = fields.get("MetaData", {}).get("LastUpdatedTime")
    return datetime.fromisoformat(text) if text else observed_at
