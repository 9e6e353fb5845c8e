"""Small ledgers whose marts can be worked out by hand, and the whole build over them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rowcol_assets.transform import DUE
from tests.dbt.blank import standing
from tests.dbt.documents import account, bill, customer, invoice, purchase, vendor
from tests.dbt.project import AFTER, BEFORE, DbtProject, broken
from tests.dbt.rawfill import RawWarehouse

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def small_ledger(raw: RawWarehouse, business_id: str, *, cash: Any = 1000, now: datetime = NOW, **settings: Any) -> None:
    """A business whose ledger was read a minute before `now`."""
    raw.business(business_id, now=now, **settings)
    raw.versions(business_id, "accounts", [account("35", "Bank", cash), account("60", "Expense"), account("33", "Accounts Payable", -100)])
    raw.versions(business_id, "vendors", [vendor("1")])
    raw.versions(business_id, "customers", [customer("1")])
    raw.versions(business_id, "bills", [bill("7", 100), bill("8", 50, 0, DueDate="2026-01-01")])
    raw.versions(business_id, "invoices", [invoice("9", 40, DueDate="2026-06-29", TxnDate="2026-01-01")])
    raw.versions(business_id, "purchases", [purchase("10", 900)])


def build_marts(project: DbtProject, path: Path, now: datetime = NOW, *, only: Sequence[str] = ()) -> None:
    """Builds everything in the two steps of a cycle, or the models `only` and what they rest on; what stands is left out."""
    stands = standing(project, path)
    alone = ("--select", *(f"+{name},tag:{DUE}" for name in only))
    for step in [alone] if only else [BEFORE, AFTER]:
        assert broken(project.build(path, *step, now=now.isoformat(), standing=stands)) == []


def small_warehouse(tmp_path: Path, *businesses: str) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business_id in businesses:
            small_ledger(raw, business_id)
    return path


def only_row(path: Path, sql: str) -> dict[str, Any]:
    import duckdb

    with duckdb.connect(str(path)) as connection:
        connection.execute("set timezone = 'UTC'")
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description]
        (row,) = cursor.fetchall()
        return dict(zip(names, row, strict=True))
