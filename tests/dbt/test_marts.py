"""Marts end to end on small ledgers: isolation, calendars, currencies and categories."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dbt.documents import account, bill
from tests.dbt.ledgers import NOW, build_marts, only_row, small_ledger, small_warehouse
from tests.dbt.project import DbtProject, broken, rows
from tests.dbt.rawfill import RawWarehouse


def test_the_portfolio_row_of_a_small_ledger(project: DbtProject, tmp_path: Path) -> None:
    path = small_warehouse(tmp_path, "acme")
    build_marts(project, path, only=("portfolio",))
    row = only_row(path, "select * from experiences.portfolio")
    # 900 went out in 90 days: 10 a day. Cash 1,000 + receivable 40 - payable 100 = 940.
    expected = {
        "business_id": "acme",
        "cash": Decimal("1000.00"),
        "cash_source": "qbo",
        "runway_days": Decimal("94.00"),
        "buffer_days": Decimal("100.00"),
        "runway_status": "excellent",
        "overdue_ap_amount": Decimal(0),
        "overdue_ar_amount": Decimal(40),
        "freshness_state": "fresh",
        "rails_used": "qbo",
        "degraded_rails": "",
        "max_input_age_minutes": 1,
        "publish_state": "current",
        "held_reason": None,
        "as_of": NOW.replace(tzinfo=None),
        "published_at": NOW.replace(tzinfo=None),
    }
    assert {name: row[name] for name in expected} == expected


def test_every_relation_names_the_business_of_every_row(project: DbtProject, tmp_path: Path) -> None:
    path = small_warehouse(tmp_path, "acme", "other")
    build_marts(project, path)
    schemas = "('staging', 'intermediate', 'marts', 'experiences', 'quality')"
    listed = f"select table_schema || '.' || table_name from information_schema.tables where table_schema in {schemas}"
    without = set()
    with duckdb.connect(str(path)) as connection:
        for (relation,) in connection.execute(listed).fetchall():
            columns = {name for name, *_ in connection.execute(f"describe {relation}").fetchall()}
            anonymous = f"select count(*) from {relation} where business_id is null"
            if "business_id" not in columns or connection.execute(anonymous).fetchall() != [(0,)]:
                without.add(relation)
    assert without == {"staging.built_by", "staging.processed_loads"}


def test_garbage_of_one_business_leaves_the_others_figures_as_they_are(project: DbtProject, tmp_path: Path) -> None:
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    results = []
    for folder in (alone, beside):
        folder.mkdir()
        path = folder / "warehouse.duckdb"
        with RawWarehouse(path) as raw:
            raw.load("1")
            small_ledger(raw, "acme")
            if folder is beside:
                small_ledger(raw, "broken", timezone="Mars/Olympus", cash="lots", home_currency="XXX")
                raw.version("broken", "bills", bill("11", "9" * 30, DueDate="infinity", TxnDate="0001-01-01"))
                raw.versions("broken", "bills", [bill(str(number), "9999999999999999.99") for number in range(20, 25)])
                raw.version("broken", "invoices", {"Id": "12"})
                raw.version("broken", "journal_entries", {"Id": "13", "Line": "x", "TxnDate": "9999-12-31"})
        build_marts(project, path)
        results.append(
            {
                relation: rows(path, f"select * from {relation} where business_id = 'acme' order by all")
                for relation in (
                    "experiences.portfolio",
                    "experiences.digest",
                    "marts.fct_runway_daily",
                    "marts.fct_ap_aging",
                    "marts.fct_bills",
                )
            }
        )
    assert results[0] == results[1]
    assert rows(beside / "warehouse.duckdb", "select cash, null_reason from experiences.portfolio where business_id = 'broken'") == [
        (None, "unreadable_balance")
    ]


@pytest.mark.parametrize(
    ("settings", "company", "today", "source"),
    [
        ({"timezone": "Pacific/Auckland"}, {}, date(2026, 7, 1), "setting"),
        ({"timezone": None}, {"MetaData": {"LastUpdatedTime": "2026-06-01T00:00:00-13:00"}}, date(2026, 6, 29), "ledger"),
        ({"timezone": "Mars/Olympus"}, {"DefaultTimeZone": "America/Los_Angeles"}, date(2026, 6, 30), "ledger"),
        ({"timezone": None}, {}, date(2026, 6, 30), "assumed"),
    ],
)
def test_today_is_the_businesss_own(
    project: DbtProject, tmp_path: Path, settings: dict[str, Any], company: dict[str, Any], today: date, source: str
) -> None:
    path = tmp_path / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.business("acme", now=NOW, **settings)
        raw.version("acme", "company_info", {"Id": "1"} | company)
    assert broken(project.build(path, "--select", "+int_business_calendar", now=NOW.isoformat())) == []
    assert rows(path, "select as_of_date, time_zone_source from intermediate.int_business_calendar") == [(today, source)]


def test_foreign_money_counts_by_the_ledgers_own_rate_or_is_named(project: DbtProject, tmp_path: Path) -> None:
    euro = {"CurrencyRef": {"value": "EUR"}}
    path = small_warehouse(tmp_path, "acme")
    with RawWarehouse(path) as raw:
        raw.version("acme", "bills", bill("euro", 100, ExchangeRate=1.25, **euro))
        raw.version("acme", "bills", bill("pound", 100, CurrencyRef={"value": "GBP"}))
        raw.version("acme", "accounts", account("36", "Bank", 200, **euro))
    build_marts(project, path, only=("fct_ap_aging", "fct_runway_daily"))
    aged = rows(path, "select record_id, open_amount, original_open_amount, excluded_reason from marts.fct_ap_aging order by record_id")
    assert aged == [("7", 100, 100, None), ("euro", 125, 100, None), ("pound", None, 100, "no_exchange_rate")]
    row = only_row(path, "select cash, ap_open, excluded_currencies, confidence from marts.fct_runway_daily")
    assert (row["cash"], row["ap_open"], row["excluded_currencies"]) == (1250, 225, "GBP")


def test_a_bill_carries_the_category_of_its_lines_and_follows_its_name(project: DbtProject, tmp_path: Path) -> None:
    path = small_warehouse(tmp_path, "acme")
    category = "select record_id, category_account_id, category_name from marts.fct_bills order by record_id"
    for load, name in (("2", "Rent"), ("3", "Occupancy")):
        with RawWarehouse(path) as raw:
            raw.load(load)
            record = account("60", "Expense", FullyQualifiedName=name)
            raw.version("acme", "accounts", record, load_id=load, version_no=int(load), updated_at=NOW + timedelta(hours=int(load)))
        assert broken(project.build(path, "--select", "+fct_bills", now=NOW.isoformat())) == []
        assert rows(path, category) == [("7", "60", name), ("8", "60", name)]
