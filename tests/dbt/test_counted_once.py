"""What counts once in burn, walk and forecast: money that stays with the business, and a payroll that was set and is paid.

The bank's own words on transfers and cards are in the models' unit tests.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.dbt.asking import rows
from tests.dbt.documents import account, journal_entry, purchase, vendor
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.project import DbtProject
from tests.dbt.rails import bank_account, bank_transaction
from tests.dbt.rawfill import RawWarehouse

TODAY = NOW.date()
SET = {"payroll_amount": 1000, "payroll_next_date": TODAY + timedelta(days=7), "payroll_interval_days": 14}
PAYDAYS = [TODAY - timedelta(days=7 + 14 * number) for number in range(20)]


def transfer(record_id: str, source: str, target: str, amount: int, day: str) -> dict[str, Any]:
    """Money moved between two accounts, as the ledger books it."""
    accounts = {"FromAccountRef": {"value": source}, "ToAccountRef": {"value": target}}
    return {"Id": record_id, "Amount": amount, "TxnDate": day, "CurrencyRef": {"value": "USD"}} | accounts


def banked(raw: RawWarehouse) -> None:
    """1,000 spent. 50,000 moved to savings and 700 paid to the card, booked as that; 3,000 in and out booked as nothing; no category."""
    raw.business("banked", now=NOW)
    raw.connect("banked", "plaid", now=NOW, age=timedelta(minutes=1))
    raw.versions("banked", "accounts", [account("35", "Bank", 20_000), account("36", "Bank", 5000), account("41", "Credit Card", 0)])
    raw.versions("banked", "transfers", [transfer("t", "35", "36", 50_000, "2026-06-01"), transfer("c", "35", "41", 700, "2026-06-04")])
    for twin in ("t1", "t2"):
        raw.versions("banked", "transfers", [transfer(twin, "35", "36", 8000, "2026-06-20")])
    for name in ("checking", "savings"):
        bank_account(raw, "banked", name, available=10_000, current=10_000)
    plain: dict[str, Any] = {"personal_finance_category": None}
    bank_transaction(raw, "banked", "old", 1, "2026-01-01", **plain)
    bank_transaction(raw, "banked", "spent", 1000, "2026-05-01", **plain)
    bank_transaction(raw, "banked", "moved-out", 50_000, "2026-06-01", **plain)
    bank_transaction(raw, "banked", "moved-in", -50_000, "2026-06-02", account_id="savings", **plain)
    bank_transaction(raw, "banked", "card", 700, "2026-06-04", **plain)
    for twin in ("1", "2"):
        bank_transaction(raw, "banked", f"twin-out-{twin}", 8000, "2026-06-20", **plain)
        bank_transaction(raw, "banked", f"twin-in-{twin}", -8000, "2026-06-20", account_id="savings", **plain)
    bank_transaction(raw, "banked", "chance-out", 3000, "2026-06-10", **plain)
    bank_transaction(raw, "banked", "chance-in", -3000, "2026-06-10", account_id="savings", **plain)


def closed(raw: RawWarehouse) -> None:
    """2,000 spent from an account, and 9,000 moved on to another of the same login when it was closed."""
    raw.business("closed", now=NOW)
    raw.connect("closed", "plaid", now=NOW, age=timedelta(minutes=1))
    for name in ("former", "checking"):
        bank_account(raw, "closed", name, available=10_000, current=10_000)
    for entity in ("accounts", "balances"):
        raw.observed("closed", "plaid", entity, "former", {"account_id": "former"}, version_no=2, is_deleted=True)
    bank_transaction(raw, "closed", "spent", 2000, "2026-05-01", account_id="former")
    out, into = ({"personal_finance_category": {"primary": f"TRANSFER_{side}"}} for side in ("OUT", "IN"))
    bank_transaction(raw, "closed", "moved-on", 9000, "2026-06-01", account_id="former", **out)
    bank_transaction(raw, "closed", "arrived", -9000, "2026-06-02", **into)


def paying(raw: RawWarehouse, business: str, account_name: str, **settings: Any) -> None:
    """1,000 to Gusto every two weeks on an account, and 200 of rent."""
    raw.business(business, now=NOW, **settings)
    raw.versions(
        business, "accounts", [account("35", "Bank", 20_000), account("60", "Expense"), account("61", "Expense", Name=account_name)]
    )
    raw.versions(business, "vendors", [vendor("1", DisplayName="Gusto"), vendor("2", DisplayName="Landlord")])
    detail = {"DetailType": "AccountBasedExpenseLineDetail", "AccountBasedExpenseLineDetail": {"AccountRef": {"value": "61"}}}
    for day in PAYDAYS:
        paid: dict[str, Any] = {
            "EntityRef": {"value": "1", "type": "Vendor", "name": "Gusto"},
            "Line": [{"Id": "1", "Amount": 1000} | detail],
        }
        raw.versions(business, "purchases", [purchase(f"wages-{day}", 1000, TxnDate=day.isoformat(), **paid)])
        rent: dict[str, Any] = {"EntityRef": {"value": "2", "type": "Vendor", "name": "Landlord"}, "TxnDate": day.isoformat()}
        raw.versions(business, "purchases", [purchase(f"rent-{day}", 200, **rent)])


def paying_from_the_bank(raw: RawWarehouse, business: str) -> None:
    """A set payroll of 1,000 that the bank shows as some dollars more each time, and 200 of rent; nothing of it in the ledger."""
    raw.business(business, now=NOW, **SET)
    raw.connect(business, "plaid", now=NOW, age=timedelta(minutes=1))
    bank_account(raw, business, "checking", available=20_000, current=20_000)
    for number, day in enumerate(PAYDAYS):
        bank_transaction(raw, business, f"wages-{day}", 1000 + number, day.isoformat(), merchant_name="Gusto")
        bank_transaction(raw, business, f"rent-{day}", 200, day.isoformat(), merchant_name="Landlord")


def clearing(raw: RawWarehouse, business: str) -> None:
    """The same, and in the ledger: what leaves the bank is booked on a clearing account, from which the wages are taken."""
    paying_from_the_bank(raw, business)
    chart = [account("35", "Bank", 20_000), account("60", "Expense", Name="Wages"), account("61", "Expense")]
    raw.versions(business, "accounts", [*chart, account("24", "Other Current Liability", Name="Payroll Clearing")])
    raw.versions(business, "vendors", [vendor("2", DisplayName="Landlord")])
    rent: dict[str, Any] = {"EntityRef": {"value": "2", "type": "Vendor", "name": "Landlord"}}
    for number, day in enumerate(PAYDAYS):
        dated = {"TxnDate": day.isoformat()}
        raw.versions(business, "journal_entries", [journal_entry(f"cleared-{day}", 1000 + number, "24", "35", **dated)])
        raw.versions(business, "journal_entries", [journal_entry(f"wages-{day}", 1000 + number, "60", "24", **dated)])
        raw.versions(business, "purchases", [purchase(f"rent-{day}", 200, **rent, **dated)])


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("once") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        banked(raw)
        closed(raw)
        paying(raw, "named", "Salaries & Wages")
        paying(raw, "unnamed", "Contract Labor")
        paying(raw, "set", "Contract Labor", **SET)
        paying_from_the_bank(raw, "set_unbooked")
        clearing(raw, "set_cleared")
        # Nobody said how often, and one said only once.
        without = SET | {"payroll_interval_days": None}
        paying(raw, "set_undated", "Contract Labor", **without)
        paying(raw, "set_wages", "Salaries & Wages", **without | {"payroll_next_date": TODAY - timedelta(days=7)})
        paying(raw, "set_last", "Contract Labor", **SET | {"payroll_interval_days": 0})
        paying(raw, "set_otherwise", "Contract Labor", **SET | {"payroll_amount": 1500})
    build_marts(project, path, only=("fct_runway_daily", "fct_cash_forecast"))
    return path


def test_what_the_ledger_books_as_staying_with_the_business_is_no_burn_whatever_the_bank_calls_it(warehouse: Path) -> None:
    kinds = rows(
        warehouse,
        """select movement_kind, list(record_id order by record_id) from intermediate.int_bank_movements
            where business_id = 'banked' group by 1 order by 1""",
    )
    assert kinds == [
        ("card_payment", ["card"]),
        ("external", ["chance-in", "chance-out", "old", "spent"]),
        ("internal", ["moved-in", "moved-out", "twin-in-1", "twin-in-2", "twin-out-1", "twin-out-2"]),
    ]
    burn = "select flow_source, outflow_90, inflow_90 from marts.fct_runway_daily where business_id = 'banked'"
    assert rows(warehouse, burn) == [("plaid", 4000, 3000)]


def test_an_account_that_was_closed_keeps_what_it_moved_and_is_no_cash(warehouse: Path) -> None:
    burn = "select cash, outflow_90, inflow_90 from marts.fct_runway_daily where business_id = 'closed'"
    assert rows(warehouse, burn) == [(10_000, 2000, 0)]
    cash = (
        "select flow_date, sum(amount) from intermediate.int_forecast_flows where business_id = 'closed' and is_cash group by 1 order by 1"
    )
    assert [(day.isoformat(), amount) for day, amount in rows(warehouse, cash)] == [
        ("2026-05-01", -2000),
        ("2026-06-01", -9000),
        ("2026-06-02", 9000),
    ]


def test_a_payroll_counts_once_whether_it_is_known_by_its_account_or_set(warehouse: Path) -> None:
    """Six paydays and six rents of 90 days are undated unless they are known as payroll; one week holds one of each."""
    query = """select runway.business_id, burn.undated_outflow_90, week.payroll_amount, week.recurring_outflow_amount, runway.covered_until
        from marts.fct_runway_daily as runway
        inner join intermediate.int_burn as burn on runway.business_id = burn.business_id
        inner join marts.fct_cash_forecast as week on runway.business_id = week.business_id and week.week_number = 1
        where runway.business_id not in ('banked', 'closed') order by 1"""
    found = {row[0]: row[1:] for row in rows(warehouse, query)}
    assert {name: row[:3] for name, row in found.items()} == {
        "named": (1200, 1000, 200),
        "unnamed": (7200, 0, 1200),
        "set": (1200, 1000, 200),
        "set_unbooked": (1200, 1000, 200),
        "set_cleared": (1200, 1000, 200),
        "set_otherwise": (7200, 1500, 1200),
        "set_undated": (1200, 1000, 200),
        "set_wages": (1200, 1000, 200),
        "set_last": (1200, 1000, 200),
    }
    assert {found[name][3] for name in ("set", "set_unbooked", "set_cleared", "set_undated", "set_wages")} == {found["named"][3]}


def test_a_payroll_set_without_an_interval_goes_on_as_it_was_paid_until_now_unless_it_is_the_last(warehouse: Path) -> None:
    query = """select business_id, sum(payroll_amount), count(*) filter (payroll_amount > 0) from marts.fct_cash_forecast
        where business_id in ('named', 'set', 'set_undated', 'set_wages', 'set_last') group by 1 order by 1"""
    every_other_week = (7000, 7)
    found = {name: tuple(told) for name, *told in rows(warehouse, query)}
    assert found.pop("set_last") == (1000, 1)
    assert found == dict.fromkeys(("named", "set", "set_undated", "set_wages"), every_other_week)
