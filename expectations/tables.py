"""The two tables in which check results are kept, and how they are replaced.

They hold the present state only; the history of flags is `marts.fct_hygiene_flag`. dbt reads both as the source
`quality`, so they must exist before its second step compiles, on a fresh warehouse too.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import pyarrow as pa

RUNS = "quality.expectation_runs"
FAILURES = "quality.expectation_failures"

_UTC = pa.timestamp("us", tz="UTC")
_RUN_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("run_id", pa.string()),
    ("business_id", pa.string()),
    ("check_id", pa.string()),
    ("status", pa.string()),
    ("records_checked", pa.int64()),
    ("records_failed", pa.int64()),
    ("error", pa.string()),
    ("ran_at", _UTC),
]
_FAILURE_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("run_id", pa.string()),
    ("business_id", pa.string()),
    ("check_id", pa.string()),
    ("rail", pa.string()),
    ("entity", pa.string()),
    ("record_id", pa.string()),
    ("observed", pa.string()),
    ("impact_amount", pa.decimal128(18, 2)),
    ("ran_at", _UTC),
]
RUNS_SCHEMA = pa.schema(_RUN_COLUMNS)
FAILURES_SCHEMA = pa.schema(_FAILURE_COLUMNS)

_DDL = f"""
create schema if not exists quality;
create table if not exists {RUNS} (
    run_id varchar not null, business_id varchar not null, check_id varchar not null, status varchar not null,
    records_checked bigint not null, records_failed bigint not null, error varchar, ran_at timestamptz not null
);
create table if not exists {FAILURES} (
    run_id varchar not null, business_id varchar not null, check_id varchar not null, rail varchar not null,
    entity varchar not null, record_id varchar not null, observed varchar, impact_amount decimal(18, 2),
    ran_at timestamptz not null
);
"""


def ensure_tables(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Creates the schema `quality` and both tables where they are missing; leaves existing rows alone."""
    warehouse.execute(_DDL)


def replace_results(
    warehouse: duckdb.DuckDBPyConnection,
    runs: pa.Table,
    failures: pa.Table,
    *,
    businesses: Sequence[str] | None,
    checks: Sequence[str] | None,
) -> None:
    """Replaces the rows of `businesses` and `checks` (None: all) by `runs` and `failures`, both or neither.

    The connection must not be inside a transaction.
    """
    conditions = [("business_id", businesses), ("check_id", checks)]
    where = " and ".join(f"list_contains(?, {column})" for column, chosen in conditions if chosen is not None) or "true"
    parameters = [list(chosen) for _, chosen in conditions if chosen is not None]
    warehouse.execute("begin transaction")
    try:
        for relation, rows in ((RUNS, runs), (FAILURES, failures)):
            warehouse.execute(f"delete from {relation} where {where}", parameters)
            warehouse.register("_new_results", rows)
            warehouse.execute(f"insert into {relation} by name select * from _new_results")
            warehouse.unregister("_new_results")
        warehouse.execute("commit")
    except BaseException:
        warehouse.execute("rollback")
        raise
