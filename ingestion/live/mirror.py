"""The last known state of what was asked, from the change log in the warehouse: when nobody answers and nothing is cached.

The warehouse has one user at a time; for an answer somebody waits for, its lock is waited for a second or two and no longer.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import duckdb
import sqlalchemy as sa

from ingestion.changelog.delta import version_order
from ingestion.changelog.pipeline import missing_tables
from ingestion.control.links import linked_records
from ingestion.control.schema import sync_states
from ingestion.control.store import ControlStore
from ingestion.errors import WarehouseBusy
from ingestion.live.adapter import KnownRecord, live_rail
from ingestion.live.facts import Question, Row
from ingestion.live.reading import Part
from ingestion.promise import OF_ONE_RECORD
from ingestion.settings import Settings
from ingestion.warehouse import open_warehouse

LOCK_WAIT_SECONDS = 2.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Recalled:
    """Rows from the change log. as_of: up to when the tables they come from are known to be current."""

    rows: Sequence[Row]
    as_of: datetime


def recall(settings: Settings, store: ControlStore, part: Part, question: Question, at: datetime) -> Recalled | None:
    """The rows known for a connection; None when nothing was ever read of its tables, or the warehouse is busy."""
    adapter = live_rail(part.rail)
    if adapter is None or not settings.warehouse_path.exists():
        return None
    try:
        with open_warehouse(settings, "live answer", LOCK_WAIT_SECONDS) as warehouse:
            entities = [name for name in part.promise.entities if name not in missing_tables(warehouse, part.rail)]
            records = [
                record for entity in entities for record in _records(warehouse, part, entity, _linked(store, part, entity, question))
            ]
    except WarehouseBusy:
        return None
    read_at = _read_at(store, part)
    if not records and read_at is None:
        return None
    # A record that came alone since then, by a live reading or a sync that failed halfway, says nothing of the others.
    as_of = read_at or min(record.observed_at for record in records)
    return Recalled(adapter.recall(question, records, at), as_of)


def _linked(store: ControlStore, part: Part, entity: str, question: Question) -> Set[str]:
    if question.subject not in OF_ONE_RECORD:
        return frozenset()
    return frozenset(linked_records(store.database, part.connection, entity, question.record_id))


def _records(warehouse: duckdb.DuckDBPyConnection, part: Part, entity: str, linked: Set[str]) -> list[KnownRecord]:
    order = version_order(part.rail.versioned)
    rows = warehouse.execute(
        f"""select record_id, coalesce(max_by(payload, {order}) filter (not is_deleted), max_by(payload, {order})),
            max_by(is_deleted, {order}), epoch_us(max_by(source_updated_at, {order})), epoch_us(max_by(observed_at, {order}))
        from raw_{part.rail.name}.{entity} where business_id = ? and connection_id = ?
        group by record_id""",
        [part.connection.business_id, part.connection.connection_id],
    ).fetchall()
    return [
        KnownRecord(entity, record_id, payload.encode(), is_deleted, _instant(updated), _instant(observed) or EPOCH, record_id in linked)
        for record_id, payload, is_deleted, updated, observed in rows
    ]


def _read_at(store: ControlStore, part: Part) -> datetime | None:
    """When all the tables of the answer were last read with success, None if one never was."""
    query = sa.select(sync_states.c.entity, sync_states.c.last_success_at).filter_by(**part.connection.key)
    with store.database.read() as transaction:
        read = dict(transaction.execute(query.where(sync_states.c.entity.in_(part.promise.entities))).tuples().all())
    times = [read.get(entity) for entity in part.promise.entities]
    return None if None in times else min(time for time in times if time)


def _instant(micros: int | None) -> datetime | None:
    # DuckDB hands out instants with a zone only where pytz is installed.
    return None if micros is None else EPOCH + timedelta(microseconds=micros)
