"""History by day: today is replaced, closed days stay, and only what changed is written."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

from tests.dbt.asking import rows
from tests.dbt.documents import account, bill, purchase, vendor
from tests.dbt.ledgers import NOW, build_marts, only_row, small_warehouse
from tests.dbt.project import DbtProject, broken
from tests.dbt.rawfill import OBSERVED, RawWarehouse


def test_today_is_replaced_and_a_closed_day_is_frozen(project: DbtProject, tmp_path: Path) -> None:
    path = small_warehouse(tmp_path, "acme")
    history = "select as_of_date, cash from marts.fct_runway_daily order by as_of_date"
    for now, cash, expected in (
        (NOW, 1000, [("2026-06-30", 1000)]),
        (NOW + timedelta(hours=1), 900, [("2026-06-30", 900)]),
        (NOW + timedelta(days=1), 800, [("2026-06-30", 900), ("2026-07-01", 800)]),
        (NOW + timedelta(hours=2), 1, [("2026-06-30", 900), ("2026-07-01", 800)]),
    ):
        with RawWarehouse(path) as raw:
            raw.load(str(cash))
            raw.version(
                "acme", "accounts", account("35", "Bank", cash), load_id=str(cash), observed_at=OBSERVED + timedelta(hours=1001 - cash)
            )
        build_marts(project, path, now, only=("fct_runway_daily", "fct_cash"))
        found = rows(path, history)
        assert [(str(day), int(amount)) for day, amount in found] == expected
        balances = rows(path, "select as_of_date, balance_amount from marts.fct_cash where account_id = '35' order by as_of_date")
        assert balances == found


def test_history_survives_a_full_refresh_and_the_week_is_compared(project: DbtProject, tmp_path: Path) -> None:
    path = small_warehouse(tmp_path, "acme")
    build_marts(project, path, NOW - timedelta(days=8), only=("fct_variance_weekly",))
    with RawWarehouse(path) as raw:
        raw.load("2")
        raw.version("acme", "accounts", account("35", "Bank", 1250), load_id="2", observed_at=OBSERVED + timedelta(days=1))
        raw.version(
            "acme",
            "purchases",
            purchase("11", 30, TxnDate="2026-06-28", EntityRef={"value": "1", "name": "V", "type": "Vendor"}),
            load_id="2",
        )
    assert broken(project.build(path, "--select", "+fct_variance_weekly", now=NOW.isoformat(), full_refresh=True)) == []
    row = only_row(path, "select * from marts.fct_variance_weekly")
    assert (row["compared_to_date"], row["cash_last_week"], row["cash_change"]) == (date(2026, 6, 22), 1000, 250)
    assert json.loads(row["top_movers"]) == [
        {"party_type": "vendor", "party_id": "1", "party_name": "V", "this_week_amount": -30.0, "last_week_amount": 0.0}
    ]


def test_a_changed_bill_and_a_renamed_vendor_reach_the_fact_and_nothing_else_is_written(project: DbtProject, tmp_path: Path) -> None:
    path = small_warehouse(tmp_path, "acme")
    build_marts(project, path, only=("fct_bills",))
    with RawWarehouse(path) as raw:
        raw.load("2")
        raw.execute("update marts.fct_bills set document_number = 'written once'")
        raw.version("acme", "bills", bill("8", 50, 25), load_id="2", version_no=2, observed_at=OBSERVED + timedelta(days=1))
    build_marts(project, path, only=("fct_bills",))
    state = "select record_id, open_amount, vendor_name, document_number from marts.fct_bills order by record_id"
    assert rows(path, state) == [("7", 100, "Vendor 1", "written once"), ("8", 25, "Vendor 1", None)]
    with RawWarehouse(path) as raw:
        raw.load("3")
        raw.version(
            "acme", "vendors", vendor("1", DisplayName="New name"), load_id="3", version_no=2, observed_at=OBSERVED + timedelta(days=1)
        )
    build_marts(project, path, only=("fct_bills",))
    assert rows(path, state) == [("7", 100, "New name", None), ("8", 25, "New name", None)]
