"""Marts end to end on small ledgers: isolation, history, freshness, readiness, holds, calendars and currencies."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.documents import account, bill, customer, invoice, purchase, vendor
from tests.dbt.project import AFTER, BEFORE, DbtProject, broken, rows
from tests.dbt.rawfill import OBSERVED, RawWarehouse

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def _ledger(raw: RawWarehouse, business_id: str, *, cash: Any = 1000, **settings: Any) -> None:
    raw.business(business_id, now=NOW, **settings)
    raw.versions(business_id, "accounts", [account("35", "Bank", cash), account("60", "Expense"), account("33", "Accounts Payable", -100)])
    raw.versions(business_id, "vendors", [vendor("1")])
    raw.versions(business_id, "customers", [customer("1")])
    raw.versions(business_id, "bills", [bill("7", 100), bill("8", 50, 0, DueDate="2026-01-01")])
    raw.versions(business_id, "invoices", [invoice("9", 40, DueDate="2026-06-29", TxnDate="2026-01-01")])
    raw.versions(business_id, "purchases", [purchase("10", 900)])


def _build(project: DbtProject, path: Path, now: datetime = NOW) -> None:
    for step in (BEFORE, AFTER):
        assert broken(project.build(path, *step, now=now.isoformat())) == []


def _warehouse(tmp_path: Path, *businesses: str) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        for business_id in businesses:
            _ledger(raw, business_id)
    return path


def _only(path: Path, sql: str) -> dict[str, Any]:
    import duckdb

    with duckdb.connect(str(path)) as connection:
        connection.execute("set timezone = 'UTC'")
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description]
        (row,) = cursor.fetchall()
        return dict(zip(names, row, strict=True))


def test_the_portfolio_row_of_a_small_ledger(project: DbtProject, tmp_path: Path) -> None:
    path = _warehouse(tmp_path, "acme")
    _build(project, path)
    row = _only(path, "select * from experiences.portfolio")
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
    path = _warehouse(tmp_path, "acme", "other")
    _build(project, path)
    schemas = "('staging', 'intermediate', 'marts', 'experiences', 'quality')"
    relations = rows(path, f"select table_schema || '.' || table_name from information_schema.tables where table_schema in {schemas}")
    without = set()
    for (relation,) in relations:
        columns = {name for name, *_ in rows(path, f"describe {relation}")}
        if "business_id" not in columns or rows(path, f"select count(*) from {relation} where business_id is null") != [(0,)]:
            without.add(relation)
    assert without == {"staging.processed_loads"}


def test_garbage_of_one_business_leaves_the_others_figures_as_they_are(project: DbtProject, tmp_path: Path) -> None:
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    results = []
    for folder in (alone, beside):
        folder.mkdir()
        path = folder / "warehouse.duckdb"
        with RawWarehouse(path) as raw:
            raw.load("1")
            _ledger(raw, "acme")
            if folder is beside:
                _ledger(raw, "broken", timezone="Mars/Olympus", cash="lots", home_currency="XXX")
                raw.version("broken", "bills", bill("11", "9" * 30, DueDate="infinity", TxnDate="0001-01-01"))
                raw.versions("broken", "bills", [bill(str(number), "9999999999999999.99") for number in range(20, 25)])
                raw.version("broken", "invoices", {"Id": "12"})
                raw.version("broken", "journal_entries", {"Id": "13", "Line": "x", "TxnDate": "9999-12-31"})
        _build(project, path)
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


def test_today_is_replaced_and_a_closed_day_is_frozen(project: DbtProject, tmp_path: Path) -> None:
    path = _warehouse(tmp_path, "acme")
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
        _build(project, path, now)
        found = rows(path, history)
        assert [(str(day), int(amount)) for day, amount in found] == expected
        balances = rows(path, "select as_of_date, balance_amount from marts.fct_cash where account_id = '35' order by as_of_date")
        assert balances == found


def test_history_survives_a_full_refresh_and_the_week_is_compared(project: DbtProject, tmp_path: Path) -> None:
    path = _warehouse(tmp_path, "acme")
    _build(project, path, NOW - timedelta(days=8))
    with RawWarehouse(path) as raw:
        raw.load("2")
        raw.version("acme", "accounts", account("35", "Bank", 1250), load_id="2", observed_at=OBSERVED + timedelta(days=1))
        raw.version(
            "acme",
            "purchases",
            purchase("11", 30, TxnDate="2026-06-28", EntityRef={"value": "1", "name": "V", "type": "Vendor"}),
            load_id="2",
        )
    for step in (BEFORE, AFTER):
        assert broken(project.build(path, *step, now=NOW.isoformat(), full_refresh=True)) == []
    row = _only(path, "select * from marts.fct_variance_weekly")
    assert (row["compared_to_date"], row["cash_last_week"], row["cash_change"]) == (date(2026, 6, 22), 1000, 250)
    assert json.loads(row["top_movers"]) == [
        {"party_type": "vendor", "party_id": "1", "party_name": "V", "this_week_amount": -30.0, "last_week_amount": 0.0}
    ]


def test_a_changed_bill_and_a_renamed_vendor_reach_the_fact_and_nothing_else_is_written(project: DbtProject, tmp_path: Path) -> None:
    path = _warehouse(tmp_path, "acme")
    _build(project, path)
    with RawWarehouse(path) as raw:
        raw.load("2")
        raw.execute("update marts.fct_bills set document_number = 'written once'")
        raw.version("acme", "bills", bill("8", 50, 25), load_id="2", version_no=2, observed_at=OBSERVED + timedelta(days=1))
    _build(project, path)
    state = "select record_id, open_amount, vendor_name, document_number from marts.fct_bills order by record_id"
    assert rows(path, state) == [("7", 100, "Vendor 1", "written once"), ("8", 25, "Vendor 1", None)]
    with RawWarehouse(path) as raw:
        raw.load("3")
        raw.version(
            "acme", "vendors", vendor("1", DisplayName="New name"), load_id="3", version_no=2, observed_at=OBSERVED + timedelta(days=1)
        )
    _build(project, path)
    assert rows(path, state) == [("7", 100, "New name", None), ("8", 25, "New name", None)]


def test_what_is_not_ready_to_be_paid_says_why(project: DbtProject, tmp_path: Path) -> None:
    path = _warehouse(tmp_path, "acme")
    with RawWarehouse(path) as raw:
        raw.version("acme", "bills", bill("undated", 10, DueDate=None))
        raw.version("acme", "bills", bill("unknown_vendor", 10, VendorRef={"value": "99"}, DueDate="2026-07-02"))
        raw.version("acme", "bills", bill("voided", 0, PrivateNote="Voided"))
        raw.version("acme", "bills", bill("flagged", 11, DueDate="2026-07-03"))
        raw.quality(
            "expectation_runs",
            run_id="r",
            business_id="acme",
            check_id="H15",
            status="failed",
            records_checked=1,
            records_failed=1,
            ran_at=NOW,
        )
        raw.quality(
            "expectation_failures",
            run_id="r",
            business_id="acme",
            check_id="H15",
            rail="qbo",
            entity="bills",
            record_id="flagged",
            observed="twice",
            impact_amount=Decimal(11),
            ran_at=NOW,
        )
    _build(project, path)
    found = rows(
        path, "select record_id, is_payment_ready, blocked_reasons, is_ready_by_specification from marts.fct_payment_ready_bills order by 1"
    )
    assert found == [
        ("7", True, None, True),
        ("flagged", False, "hygiene_h15", True),
        ("undated", False, "no_due_date", True),
        ("unknown_vendor", False, "vendor_unmapped", True),
    ]


def test_bills_not_checked_for_a_day_are_not_ready(project: DbtProject, tmp_path: Path) -> None:
    path = _warehouse(tmp_path, "acme")
    _build(project, path, NOW + timedelta(hours=24, minutes=1))
    assert rows(path, "select is_payment_ready, blocked_reasons from marts.fct_payment_ready_bills") == [(False, "stale")]
    assert rows(path, "select freshness_state, degraded_rails from experiences.portfolio") == [("stale", "qbo")]


@pytest.mark.parametrize(
    ("minutes", "critical", "standard"), [(19, "fresh", "fresh"), (20, "aging", "fresh"), (75, "aging", "aging"), (1440, "stale", "stale")]
)
def test_freshness_follows_the_tiers_bounds(project: DbtProject, tmp_path: Path, minutes: int, critical: str, standard: str) -> None:
    """The fixtures' last success is a minute before NOW, so `minutes` after NOW is an age of one more."""
    path = _warehouse(tmp_path, "acme")
    with RawWarehouse(path) as raw:
        raw.execute("update raw_control.sync_states set last_success_at = null where entity = 'terms'")
    assert broken(project.build(path, "--select", "+fct_rail_freshness", now=(NOW + timedelta(minutes=minutes)).isoformat())) == []
    states = dict(rows(path, "select entity, freshness_state from marts.fct_rail_freshness where entity in ('bills', 'vendors', 'terms')"))
    assert states == {"bills": critical, "vendors": standard, "terms": "never_synced"}
    assert rows(path, "select sync_age_minutes from marts.fct_rail_freshness where entity in ('bills', 'terms') order by entity") == [
        (minutes + 1,),
        (None,),
    ]


def test_only_the_business_whose_check_failed_is_held(project: DbtProject, tmp_path: Path) -> None:
    path = _warehouse(tmp_path, "acme", "other")
    with RawWarehouse(path) as raw:
        raw.quality(
            "expectation_runs",
            run_id="r",
            business_id="acme",
            check_id="H40",
            status="failed",
            records_checked=1,
            records_failed=1,
            ran_at=NOW,
        )
        raw.quality(
            "expectation_failures",
            run_id="r",
            business_id="acme",
            check_id="H40",
            rail="qbo",
            entity="bills",
            record_id="bills",
            observed="half",
            ran_at=NOW,
        )
        raw.quality(
            "expectation_runs",
            run_id="r",
            business_id="other",
            check_id="H40",
            status="passed",
            records_checked=1,
            records_failed=0,
            ran_at=NOW,
        )
    _build(project, path)
    states = rows(path, "select business_id, publish_state, held_reason from experiences.portfolio order by business_id")
    assert states == [("acme", "held", "part of the ledger is missing: the last sync was incomplete"), ("other", "current", None)]


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
    path = _warehouse(tmp_path, "acme")
    with RawWarehouse(path) as raw:
        raw.version("acme", "bills", bill("euro", 100, ExchangeRate=1.25, **euro))
        raw.version("acme", "bills", bill("pound", 100, CurrencyRef={"value": "GBP"}))
        raw.version("acme", "accounts", account("36", "Bank", 200, **euro))
    _build(project, path)
    aged = rows(path, "select record_id, open_amount, original_open_amount, excluded_reason from marts.fct_ap_aging order by record_id")
    assert aged == [("7", 100, 100, None), ("euro", 125, 100, None), ("pound", None, 100, "no_exchange_rate")]
    row = _only(path, "select cash, ap_open, excluded_currencies, confidence from marts.fct_runway_daily")
    assert (row["cash"], row["ap_open"], row["excluded_currencies"]) == (1250, 225, "GBP")
