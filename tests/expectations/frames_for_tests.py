"""Builds warehouses with hand-made frames, so that a suite can be tested without dbt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import duckdb

from expectations import catalogue
from expectations.suites import SUITES_BY_CHECK, ColumnKind

RAN_AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SQL_TYPES: dict[ColumnKind, str] = {"text": "varchar", "date": "date", "integer": "bigint", "boolean": "boolean", "money": "decimal(18, 2)"}

Record = Mapping[str, object]


def warehouse_with(businesses: Sequence[str] = ("acme",), *, applicable: bool = True) -> duckdb.DuckDBPyConnection:
    """An empty warehouse in memory in which every check applies (or not) to `businesses`."""
    warehouse = duckdb.connect()
    warehouse.execute("create schema quality")
    warehouse.execute("create table quality.chk_applicability (business_id varchar, check_id varchar, is_applicable boolean)")
    for business in businesses:
        for check_id in [entry.check_id for entry in catalogue.load()] + [one.check_id for one in catalogue.load_source_checks()]:
            warehouse.execute("insert into quality.chk_applicability values (?, ?, ?)", [business, check_id, applicable])
    return warehouse


def add_frame(
    warehouse: duckdb.DuckDBPyConnection, check_id: str, records: Sequence[Record], types: Mapping[str, str] | None = None
) -> None:
    """Creates the frame of a check from `records`; keys and shown columns have defaults, `types` overrides column types."""
    suite = SUITES_BY_CHECK[check_id]
    columns = {"business_id": "varchar", "rail": "varchar", "entity": "varchar", "record_id": "varchar"}
    columns |= {"observed": "varchar", "impact_amount": "decimal(18, 2)"}
    columns |= {name: SQL_TYPES[kind] for name, kind in suite.columns.items()} | dict(types or {})
    warehouse.execute(f"create or replace table {suite.frame} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
    for number, record in enumerate(records, start=1):
        defaults = {
            "business_id": "acme",
            "rail": "qbo",
            "entity": "bills",
            "record_id": str(number),
            "observed": "seen",
            "impact_amount": None,
        }
        row = defaults | dict(record)
        warehouse.execute(f"insert into {suite.frame} values ({', '.join('?' * len(columns))})", [row.get(name) for name in columns])
