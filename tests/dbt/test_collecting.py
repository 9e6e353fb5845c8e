"""Who pays when, what is open, and whom to ask first: habits from what was settled, and reasons in words."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.dbt.documents import account, customer, invoice, purchase
from tests.dbt.ledgers import NOW, build_marts
from tests.dbt.project import DbtProject, rows
from tests.dbt.rawfill import RawWarehouse


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


@pytest.fixture(scope="module")
def warehouse(project: DbtProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("collecting") / "warehouse.duckdb"
    with RawWarehouse(path) as raw:
        raw.load("1")
        raw.business("acme", now=NOW)
        raw.connect("acme", "stripe", now=NOW)
        raw.versions("acme", "accounts", [account("35", "Bank", 5000)])
        raw.versions("acme", "purchases", [purchase("10", 900), purchase("11", 1, TxnDate="2026-01-01")])
        raw.versions("acme", "customers", [customer(who, DisplayName=f"{who} Ltd") for who in ("Slow", "Prompt", "New", "Carded", "Paid")])
        for who, late_days in (("Slow", 10), ("Prompt", 0), ("Carded", -3), ("Paid", 1)):
            settled(raw, who, late_days)
        # All overdue by five days but Paid's, which is not due yet.
        for who, amount in (("Slow", 900), ("Prompt", 200), ("New", 100), ("Carded", 50)):
            raw.versions("acme", "invoices", [invoice(f"{who}-open", amount, CustomerRef={"value": who}, DueDate="2026-06-25")])
        raw.versions("acme", "invoices", [invoice("Paid-open", 70, CustomerRef={"value": "Paid"}, DueDate="2026-07-01")])
        raw.versions("acme", "invoices", [invoice("nobody", 40, CustomerRef=None, DueDate="2026-06-25")])
        raw.versions("acme", "invoices", [invoice("voided", 0, 0, CustomerRef={"value": "New"}, PrivateNote="Voided")])
        raw.observed("acme", "stripe", "customers", "cus", {"id": "cus", "name": "Carded Ltd", "email": None})
        for charge, currency in (("ch", "usd"), ("euro", "eur")):
            money = {"amount": 30000, "amount_captured": 30000, "amount_refunded": 1000, "currency": currency, "created": 1775000000}
            record = {"id": charge, "customer": "cus", "status": "succeeded", "paid": True, "captured": True, "disputed": True}
            raw.observed("acme", "stripe", "charges", charge, record | money)
            moved = {"id": f"txn-{charge}", "type": "charge", "source": charge, "amount": 30000, "fee": 900, "net": 29100}
            raw.observed("acme", "stripe", "balance_transactions", f"txn-{charge}", moved | {"currency": currency, "created": 1775000000})
        dispute = {"id": "dp", "charge": "ch", "amount": 30000, "currency": "usd", "status": "needs_response", "created": 1775000000}
        raw.observed("acme", "stripe", "disputes", "dp", dispute)
    build_marts(project, path, only=("collections_queue",))
    return path


def test_who_is_later_than_usual_is_asked_before_who_always_is(warehouse: Path) -> None:
    query = "select customer_id, reason, usual_days_late, runway_gain_days, why from experiences.collections_queue order by queue_rank"
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


def test_habits_and_what_is_open_are_those_of_the_customers_documents(warehouse: Path) -> None:
    query = """select customer_id, invoiced_90_amount, invoiced_365_amount, open_amount, overdue_amount, paid_count, days_to_pay, days_late,
        late_count, dso_days from marts.fct_payment_insights order by 1"""
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
