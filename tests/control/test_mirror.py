"""The mirror in `raw_control`: every table always there, in the columns and types dbt relies on, and no secret in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dlt
import duckdb
import pytest

from ingestion.control import ControlStore, EntityOutcome
from ingestion.control.mirror import DATASET, control_source
from ingestion.control.rows import TABLES, control_rows
from ingestion.settings import Settings
from tests.control.conftest import connect
from tests.control.test_secrets import assert_clean
from tests.control.test_store import NOON, outcome
from tests.control.test_tokens import next_token

INSTANT, TEXT, COUNT, MONEY = "TIMESTAMP WITH TIME ZONE", "VARCHAR", "BIGINT", "DECIMAL(18,2)"
KINDS = {
    **dict.fromkeys(("amount", "min_cash_amount", "payroll_amount"), MONEY),
    **dict.fromkeys(("payroll_next_date", "active_from", "active_until", "day"), "DATE"),
    **dict.fromkeys(("warning_days", "critical_days", "healthy_days", "min_buffer_days", "payroll_interval_days"), "INTEGER"),
    **dict.fromkeys(("is_paused", "is_sandbox"), "BOOLEAN"),
    **dict.fromkeys(
        (
            "consecutive_failures",
            "source_count",
            "rows_new",
            "rows_seen",
            "requests",
            "retries",
            "throttled",
            "byte_count",
            "decision_no",
            "act_no",
            "probes",
            "failed_probes",
            "observed_seconds",
            "failed_seconds",
        ),
        COUNT,
    ),
    **dict.fromkeys(("valid_from", "valid_to"), INSTANT),
}


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


def load(store: ControlStore, warehouse: Path) -> None:
    pipeline = dlt.pipeline(
        "control", destination=dlt.destinations.duckdb(str(warehouse)), dataset_name=DATASET, pipelines_dir=str(warehouse.parent / "dlt")
    )
    pipeline.run(control_source(store), loader_file_format="parquet").raise_on_failed_jobs()


def read(warehouse: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_an_empty_store_makes_every_table_with_its_types(settings: Settings, store: ControlStore, warehouse: Path) -> None:
    load(store, warehouse)
    for table, columns in TABLES.items():
        described = {row[0]: row[1] for row in read(warehouse, f"describe {DATASET}.{table}")}
        expected = {name: KINDS.get(name, INSTANT if name.endswith("_at") else TEXT) for name in columns}
        assert described == {**expected, "_dlt_load_id": TEXT}, table


def test_rows_are_those_of_the_store_and_hold_no_secret(settings: Settings, store: ControlStore, warehouse: Path) -> None:
    acme = connect(settings, store, name="Acme Ltd", firm="Harbor", timezone="America/New_York")
    store.rotate(acme, next_token)
    store.grant("ann", "acme", "staff", NOON)
    store.record_sync([outcome(acme, 1, "succeeded", EntityOutcome("bills", "succeeded"))])
    load(store, warehouse)
    business = "select business_id, business_name, firm_id, firm_name, timezone, is_paused from raw_control.businesses"
    assert read(warehouse, business) == [("acme", "Acme Ltd", "harbor", "Harbor", "America/New_York", False)]
    connection = "select connection_id, state, is_sandbox, token_expires_at is not null from raw_control.connections"
    assert read(warehouse, connection) == [("1001", "healthy", False, True)]
    for table in TABLES:
        rows = control_rows(store)[table]
        assert rows.column_names == list(TABLES[table])
        assert_clean(str(rows.to_pylist()))
    assert_clean(warehouse.read_bytes().decode("latin-1"))


def test_current_tables_are_replaced_and_outcomes_appended_once(settings: Settings, store: ControlStore, warehouse: Path) -> None:
    acme = connect(settings, store)
    for sync in range(3):
        store.record_sync([outcome(acme, sync, "succeeded", EntityOutcome("bills", "succeeded"))])
        load(store, warehouse)
    store.grant("ann", "acme", "staff", NOON)
    load(store, warehouse)
    counts = {table: read(warehouse, f"select count(*) from {DATASET}.{table}")[0][0] for table in TABLES}
    assert {name: count for name, count in counts.items() if count} == {
        "businesses": 1,
        "connections": 1,
        "grants": 1,
        "sync_states": 1,
        "sync_outcomes": 3,
        "acts": 1,
    }


def test_outcomes_come_back_when_the_warehouse_was_deleted(settings: Settings, store: ControlStore, warehouse: Path) -> None:
    acme = connect(settings, store)
    store.record_sync([outcome(acme, sync) for sync in range(3)])
    load(store, warehouse)
    warehouse.unlink()
    load(store, warehouse)
    assert read(warehouse, f"select count(*) from {DATASET}.sync_outcomes") == [(3,)]


def test_a_client_that_left_leaves_the_mirror(settings: Settings, store: ControlStore, warehouse: Path) -> None:
    connect(settings, store)
    store.grant("ann", "acme", "staff", NOON)
    load(store, warehouse)
    with store.database.write() as transaction:
        transaction.exec_driver_sql("delete from grants")
    load(store, warehouse)
    assert read(warehouse, f"select count(*) from {DATASET}.grants") == [(0,)]
