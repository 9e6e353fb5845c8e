"""Who pays when, what is open, and whom to ask first: habits from what was settled, and reasons in words."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from rowcol_assets.explaining.customers import INSIGHTS, QUEUE
from rowcol_assets.explaining.records import QUERIES, records_of
from rowcol_assets.explaining.sums import CUSTOMER
from tests.dbt.asking import rows
from tests.dbt.documents import account, customer, invoice, purchase
from tests.dbt.explained import explained, not_come_to
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.project import DbtProject
from tests.dbt.rawfill import RawWarehouse

BUILT = ("collections_queue", "fct_overdue_invoices", "fct_cash_forecast", "fct_runway_items", "fct_ar_aging", "dim_customer")
CUSTOMERS = ("Slow", "Prompt", "New", "Carded", "Paid", "Ahead", "Part", "Abroad")


def settled(raw: RawWarehouse, who: str, late_days: int, times: int = 3) -> None:
    """Invoices of 300 on 1 March, due 31 March, each paid so many days after."""
    for number in range(times):
        record_id = f"{who}-{number}"
        dated = {"CustomerRef": {"value": who}, "TxnDate": "2026-03-01", "DueDate": "2026-03-31"}
        raw.versions("acme", "invoices", [invoice(record_id, 300, 0, **dated)])
        paid = (NOW.replace(month=3, day=31) + timedelta(days=late_days)).date().isoformat()
        line = {"Amount": 300, "LinkedTxn": [{"TxnId": record_id, "TxnType": "Invoice"}]}
        payment = {"Id": f"p-{record_id}", "TotalAmt": 300, "TxnDate": paid, "CustomerRef": {"value": who}, "Line": [line]}
        raw.versions("acme", "payments", [payment])


def credited(raw: RawWarehouse) -> None:
    """Ahead has paid all, Part all but 150 (30 of it by a credit memo); nobody applied it. What Abroad owes has no exchange rate."""

    def owed(record_id: str, who: str, amount: int, due: str, **fields: Any) -> dict[str, Any]:
        return invoice(record_id, amount, CustomerRef={"value": who}, DueDate=due, **fields)

    def received(record_id: str, who: str, amount: int, **fields: Any) -> dict[str, Any]:
        payment = {"Id": record_id, "TotalAmt": amount, "UnappliedAmt": amount, "TxnDate": "2026-06-20", "CustomerRef": {"value": who}}
        return payment | {"CurrencyRef": {"value": "USD"}, "DepositToAccountRef": {"value": "35"}, "Line": []} | fields

    raw.versions(
        "acme",
        "invoices",
        [
            owed("Ahead-open", "Ahead", 500, "2026-06-15"),
            owed("Part-old", "Part", 300, "2026-05-31"),
            owed("Part-new", "Part", 200, "2026-06-20"),
            owed("Part-later", "Part", 1000, "2026-07-20"),
            owed("Abroad-open", "Abroad", 90_000, "2026-05-31", CurrencyRef={"value": "EUR"}),
            owed("Abroad-later", "Abroad", 90, "2026-07-31", CurrencyRef={"value": "GBP"}),
        ],
    )
    taken_back = {"Id": "memo", "TotalAmt": 50, "RemainingCredit": 30, "Balance": 30, "TxnDate": "2026-06-20"}
    raw.versions("acme", "credit_memos", [taken_back | {"CustomerRef": {"value": "Part"}, "CurrencyRef": {"value": "USD"}}])
    euros = received("Abroad-ahead", "Abroad", 10, CurrencyRef={"value": "EUR"})
    raw.versions("acme", "payments", [received("Ahead-paid", "Ahead", 500), received("Part-paid", "Part", 320), euros])


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("collecting") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.business("acme", now=NOW)
        raw.connect("acme", "stripe", now=NOW)
        raw.versions("acme", "accounts", [account("35", "Bank", 5000)])
        raw.versions("acme", "purchases", [purchase("10", 900), purchase("11", 1, TxnDate="2026-01-01")])
        raw.versions("acme", "customers", [customer(who, DisplayName=f"{who} Ltd") for who in CUSTOMERS])
        for who, late_days in (("Slow", 10), ("Prompt", 0), ("Carded", -3), ("Paid", 1)):
            settled(raw, who, late_days)
        # All overdue by five days but Paid's, which is not due yet.
        for who, amount in (("Slow", 900), ("Prompt", 200), ("New", 100), ("Carded", 50)):
            raw.versions("acme", "invoices", [invoice(f"{who}-open", amount, CustomerRef={"value": who}, DueDate="2026-06-25")])
        raw.versions("acme", "invoices", [invoice("Paid-open", 70, CustomerRef={"value": "Paid"}, DueDate="2026-07-01")])
        raw.versions("acme", "invoices", [invoice("nobody", 40, CustomerRef=None, DueDate="2026-06-25")])
        raw.versions("acme", "invoices", [invoice("voided", 0, 0, CustomerRef={"value": "New"}, PrivateNote="Voided")])
        credited(raw)
        raw.observed("acme", "stripe", "customers", "cus", {"id": "cus", "name": "Carded Ltd", "email": None})
        for charge, currency in (("ch", "usd"), ("euro", "eur")):
            money = {"amount": 30000, "amount_captured": 30000, "amount_refunded": 1000, "currency": currency, "created": 1775000000}
            record = {"id": charge, "customer": "cus", "status": "succeeded", "paid": True, "captured": True, "disputed": True}
            raw.observed("acme", "stripe", "charges", charge, record | money)
            moved = {"id": f"txn-{charge}", "type": "charge", "source": charge, "amount": 30000, "fee": 900, "net": 29100}
            raw.observed("acme", "stripe", "balance_transactions", f"txn-{charge}", moved | {"currency": currency, "created": 1775000000})
        dispute = {"id": "dp", "charge": "ch", "amount": 30000, "currency": "usd", "status": "needs_response", "created": 1775000000}
        raw.observed("acme", "stripe", "disputes", "dp", dispute)
    build_marts(project, path, only=BUILT)
    return path


def test_who_is_later_than_usual_is_asked_before_who_always_is(warehouse: Path) -> None:
    query = """select customer_id, reason, usual_days_late, runway_gain_days, why from experiences.collections_queue
        where customer_id not in ('Part', 'Abroad') order by queue_rank"""
    assert rows(warehouse, query) == [
        ("Prompt", "later_than_usual", 0, 20, "1 overdue, the oldest by 5 days; usually pays in time; worth 20.00 days of runway"),
        (
            "New", "unknown_habit", None, 10,
            "1 overdue, the oldest by 5 days; too few payments to know the habit; worth 10.00 days of runway",
        ),
        (
            "Carded", "disputes", -3, 5,
            "1 overdue, the oldest by 5 days; usually pays in time; 1 disputed card payments in a year; worth 5.00 days of runway",
        ),
        ("Slow", "as_late_as_usual", 10, 90, "1 overdue, the oldest by 5 days; usually pays 10 days late; worth 90.00 days of runway"),
    ]  # fmt: skip


def test_what_is_paid_and_not_applied_is_not_asked_for_again_and_is_named(warehouse: Path) -> None:
    query = """select asked_amount, overdue_amount, overdue_credited_amount, oldest_days_past_due, runway_gain_days, why
        from experiences.collections_queue where customer_id = ?"""
    assert rows(warehouse, query, ["Ahead"]) == []
    assert rows(warehouse, query, ["Part"]) == [
        (
            150, 500, 350, 10, 15,
            "1 overdue, the oldest by 10 days; 320 USD received and not applied; 30 USD credited and not applied; "
            "too few payments to know the habit; worth 15.00 days of runway",
        )
    ]  # fmt: skip
    standing = "select customer_id, standing from marts.fct_overdue_invoices where customer_id in ('Ahead', 'Part', 'Abroad') order by all"
    assert rows(warehouse, standing) == [("Abroad", "to_ask"), ("Ahead", "covered"), ("Part", "covered"), ("Part", "to_ask")]
    kept = (
        "select unapplied_amount, credit_amount, overdue_credited_count, open_amount from marts.fct_payment_insights where customer_id = ?"
    )
    assert [rows(warehouse, kept, [who])[0] for who in ("Ahead", "Part")] == [(500, 0, 1, 500), (320, 30, 1, 1500)]
    expected = "select sum(expected_amount) from intermediate.int_forecast_documents where party_id = 'Part' and weeks_ago = 0"
    assert rows(warehouse, expected) == [(1150,)]
    assert rows(warehouse, "select ar_expected, ar_credits from marts.fct_runway_daily") == [(3360, 850)]
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        behind = records_of(connection, QUERIES["ar_credits"], {"business": "acme", "day": NOW.date()})
    assert [(one["record_id"], one["amount"]) for one in behind] == [("Ahead-paid", 500), ("Part-paid", 320), ("memo", 30)]


def test_what_has_no_exchange_rate_is_asked_for_without_an_amount(warehouse: Path) -> None:
    query = "select asked_amount, overdue_amount, excluded_currencies, why from experiences.collections_queue where customer_id = 'Abroad'"
    assert rows(warehouse, query) == [
        (
            None,
            None,
            "EUR,GBP",
            "1 overdue, the oldest by 30 days; 1 in EUR, for which there is no exchange rate; too few payments to know the habit",
        )
    ]
    left_out = """select open_amount, invoiced_90_amount, unapplied_amount, dso_days, overdue_without_rate_count,
            overdue_excluded_currencies
        from marts.fct_payment_insights where customer_id = 'Abroad'"""
    assert rows(warehouse, left_out) == [(None, None, None, None, 1, "EUR")]
    assert rows(warehouse, "select distinct excluded_currencies from marts.fct_cash_forecast") == [("EUR,GBP",)]
    assert rows(warehouse, "select excluded_currencies from marts.fct_runway_daily") == [("EUR,GBP",)]


def test_habits_and_what_is_open_are_those_of_the_customers_documents(warehouse: Path) -> None:
    query = """select customer_id, invoiced_90_amount, invoiced_365_amount, open_amount, overdue_amount, paid_count, days_to_pay, days_late,
        late_count, dso_days from marts.fct_payment_insights where customer_id not in ('Ahead', 'Part', 'Abroad') order by 1"""
    assert rows(warehouse, query) == [
        ("Carded", 50, 950, 50, 50, 3, 27, -3, 0, 90),
        ("New", 100, 100, 100, 100, 0, None, None, 0, 90),
        ("Paid", 70, 970, 70, 0, 3, 31, 1, 3, 90),
        ("Prompt", 200, 1100, 200, 200, 3, 30, 0, 0, 90),
        ("Slow", 900, 1800, 900, 900, 3, 40, 10, 3, 90),
    ]


def test_card_payments_count_for_the_ledgers_customer_and_in_home_currency_alone(warehouse: Path) -> None:
    query = """select customer_id, charged_amount, fee_amount, refunded_amount, dispute_count, disputed_amount, rails_used
        from marts.fct_payment_insights where charged_amount > 0"""
    assert rows(warehouse, query) == [("Carded", Decimal("300.00"), Decimal("9.00"), Decimal("10.00"), 1, Decimal("300.00"), "qbo,stripe")]


def test_a_customers_figures_are_its_records_to_the_cent(warehouse: Path) -> None:
    assert not_come_to(warehouse, INSIGHTS, QUEUE, CUSTOMER) == []
    slow = explained(warehouse, "acme", "days_to_pay", "Slow")
    assert [(record["record_id"], record["amount"], record["reason"]) for record in slow.records] == [
        (f"Slow-{number}", 40, "paid on 2026-04-10") for number in range(3)
    ]
    part = explained(warehouse, "acme", "asked_amount", "Part")
    assert [(record["term"], record["record_id"], record["amount"]) for record in part.records] == [
        ("asked_amount", "Part-new", 150),
        ("overdue_amount", "Part-old", 300),
        ("overdue_amount", "Part-new", 200),
        ("overdue_credited_amount", "Part-old", 300),
        ("overdue_credited_amount", "Part-new", 50),
    ]
    carded = explained(warehouse, "acme", "fct_payment_insights.fee_amount", "Carded")
    assert [(record["entity"], record["record_id"], record["amount"], record["whole_amount"]) for record in carded.records] == [
        ("charges", "ch", 9, 300)
    ]
