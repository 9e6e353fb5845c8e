"""Marts end to end on small ledgers: isolation, calendars, currencies and categories."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dbt.asking import rows
from tests.dbt.documents import account, bill, invoice
from tests.dbt.ledgers import NOW, build_marts, only_row, small_ledger, small_warehouse
from tests.dbt.project import DbtProject, broken
from tests.dbt.rawfill import RawWarehouse
from tests.dbt.vast import vast_business

# Settings of a business, what its ledger says of itself, its today and where that is from.
CALENDARS: dict[str, tuple[dict[str, Any], dict[str, Any], date, str]] = {
    "auckland": ({"timezone": "Pacific/Auckland"}, {}, date(2026, 7, 1), "setting"),
    "offset": ({"timezone": None}, {"MetaData": {"LastUpdatedTime": "2026-06-01T00:00:00-13:00"}}, date(2026, 6, 29), "ledger"),
    "olympus": ({"timezone": "Mars/Olympus"}, {"DefaultTimeZone": "America/Los_Angeles"}, date(2026, 6, 30), "ledger"),
    "unknown": ({"timezone": None}, {}, date(2026, 6, 30), "assumed"),
}
# Amounts whose product with a share, whose sum, and whose difference have more digits than DECIMAL(18,2) takes: the largest that an
# account holds whose cash is still a figure, the largest that is a total, and the largest of all.
VAST = {"vast-cash": "499999999999999.99", "vast-total": "999999999999999.99", "vast-document": "9999999999999999.99"}


@pytest.fixture(scope="module")
def built(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All marts over businesses that have nothing to do with each other: each test looks at its own."""
    path = small_warehouse(tmp_path_factory.mktemp("marts"), "acme", "other", "abroad")
    with RawWarehouse(path) as raw:
        euro = {"CurrencyRef": {"value": "EUR"}}
        raw.version("abroad", "bills", bill("euro", 100, ExchangeRate=1.25, **euro))
        raw.version("abroad", "bills", bill("pound", 100, CurrencyRef={"value": "GBP"}))
        raw.version("abroad", "accounts", account("36", "Bank", 200, **euro))
        small_ledger(raw, "broken", timezone="Mars/Olympus", cash="lots", home_currency="XXX")
        raw.version("broken", "bills", bill("11", "9" * 30, DueDate="infinity", TxnDate="0001-01-01"))
        raw.versions("broken", "bills", [bill(str(number), "9999999999999999.99") for number in range(20, 25)])
        raw.version("broken", "invoices", {"Id": "12"})
        raw.version("broken", "journal_entries", {"Id": "13", "Line": "x", "TxnDate": "9999-12-31"})
        for business, amount in VAST.items():
            vast_business(raw, business, amount)
        for business, (settings, company, _, _) in CALENDARS.items():
            raw.business(business, now=NOW, **settings)
            raw.version(business, "company_info", {"Id": "1"} | company)
        yen = {"CurrencyRef": {"value": "JPY"}}
        raw.version("unknown", "invoices", invoice("yen", 90_000, DueDate="2026-05-31", **yen))
        raw.version("unknown", "payments", {"Id": "y", "TotalAmt": 5, "UnappliedAmt": 5, "TxnDate": "2026-06-20", "Line": [], **yen})
    build_marts(project, path)
    return path


def test_the_portfolio_row_of_a_small_ledger(built: Path) -> None:
    row = only_row(built, "select * from experiences.portfolio where business_id = 'acme'")
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


def test_every_relation_names_the_business_of_every_row(built: Path) -> None:
    schemas = "('staging', 'intermediate', 'marts', 'experiences', 'quality')"
    listed = f"select table_schema || '.' || table_name from information_schema.tables where table_schema in {schemas}"
    without = set()
    with duckdb.connect(str(built)) as connection:
        for (relation,) in connection.execute(listed).fetchall():
            columns = {name for name, *_ in connection.execute(f"describe {relation}").fetchall()}
            anonymous = f"select count(*) from {relation} where business_id is null"
            if "business_id" not in columns or connection.execute(anonymous).fetchall() != [(0,)]:
                without.add(relation)
    # Of the project, its policy, loads, and an advisor's files, which hold several businesses.
    loads = {"staging.deferred_loads", "staging.processed_loads"}
    assert without == loads | {"staging.built_by", "intermediate.int_policy_versions", "staging.stg_control__published_days"}


def test_garbage_of_one_business_leaves_the_others_figures_as_they_are(built: Path, project: DbtProject, tmp_path: Path) -> None:
    alone = small_warehouse(tmp_path, "acme")
    build_marts(project, alone, only=("portfolio", "digest", "fct_ap_aging"))
    for relation in ("experiences.portfolio", "experiences.digest", "marts.fct_runway_daily", "marts.fct_ap_aging", "marts.fct_bills"):
        query = f"select * from {relation} where business_id = 'acme' order by all"
        assert rows(built, query) == rows(alone, query)
    assert rows(built, "select cash, null_reason from experiences.portfolio where business_id = 'broken'") == [(None, "unreadable_balance")]


@pytest.mark.parametrize("business", VAST)
def test_vast_amounts_stop_nobodys_build_and_stay_exact(built: Path, business: str) -> None:
    told = "select distinct total_amount from marts.fct_bills where business_id = ? and rail = 'qbo' and record_id like 'open%'"
    assert rows(built, told, [business]) == [(Decimal(VAST[business]),)]
    # Checks are views, which no build computes.
    rows(built, "select * from quality.chk_h24")
    entered = "select total_amount, status from marts.fct_bills where business_id = ? and rail = 'user'"
    assert rows(built, entered, [business]) == [(Decimal("9999999999999.99"), "open")]


@pytest.mark.parametrize("business", CALENDARS)
def test_today_is_the_businesss_own(built: Path, business: str) -> None:
    *_, today, source = CALENDARS[business]
    calendar = "select as_of_date, time_zone_source from intermediate.int_business_calendar where business_id = ?"
    assert rows(built, calendar, [business]) == [(today, source)]


def test_foreign_money_counts_by_the_ledgers_own_rate_or_is_named(built: Path) -> None:
    aged = "select record_id, open_amount, original_open_amount, excluded_reason from marts.fct_ap_aging where business_id = 'abroad'"
    assert sorted(rows(built, aged)) == [("7", 100, 100, None), ("euro", 125, 100, None), ("pound", None, 100, "no_exchange_rate")]
    row = only_row(built, "select cash, ap_open, excluded_currencies, confidence from marts.fct_runway_daily where business_id = 'abroad'")
    assert (row["cash"], row["ap_open"], row["excluded_currencies"]) == (1250, 225, "GBP")


def test_what_is_overdue_and_has_no_exchange_rate_is_counted_and_of_no_known_amount(built: Path) -> None:
    told = "overdue_invoice_count, overdue_invoice_amount, overdue_asked_count, overdue_asked_amount, overdue_paid_amount"
    assert rows(built, f"select {told} from experiences.digest where business_id = 'unknown'") == [(1, None, 1, None, 0)]
    assert rows(built, "select ar_credits from marts.fct_runway_daily where business_id = 'unknown'") == [(None,)]


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
