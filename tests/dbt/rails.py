"""A ledger whose business also has other rails, so that what each of them changes in the marts can be worked out by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.dbt.documents import bill
from tests.dbt.ledgers import NOW, small_ledger
from tests.dbt.rawfill import RawWarehouse


def bank_account(
    raw: RawWarehouse, business_id: str, account_id: str, *, available: Any, current: Any, connection_id: str | None = None
) -> None:
    """A depository account with what it holds."""
    record = {"account_id": account_id, "name": account_id, "type": "depository", "subtype": "checking"}
    raw.observed(business_id, "plaid", "accounts", account_id, record, connection_id=connection_id)
    balances = {"available": available, "current": current, "iso_currency_code": "USD"}
    raw.observed(business_id, "plaid", "balances", account_id, balances, connection_id=connection_id)


def bank_transaction(raw: RawWarehouse, business_id: str, transaction_id: str, amount: float, date: str, **fields: Any) -> None:
    """A posted transaction of account `checking`, its amount in Plaid's sign: positive leaves the account."""
    record = {"transaction_id": transaction_id, "account_id": "checking", "amount": amount, "iso_currency_code": "USD", "date": date}
    raw.observed(business_id, "plaid", "transactions", transaction_id, record | {"pending": False} | fields)


def ramp_bill(raw: RawWarehouse, business_id: str, ramp_id: str, qbo_id: str | None, status: str, **fields: Any) -> None:
    """A bill of 100 dollars in Ramp, linked to a bill of the ledger unless `qbo_id` is None."""
    record = {"id": ramp_id, "remote_id": qbo_id, "status": status, "approval_status": "APPROVED", "created_at": "2026-06-01T10:00:00Z"}
    raw.observed(business_id, "ramp", "bills", ramp_id, record | {"amount": {"amount": 10000, "currency_code": "USD"}} | fields)


def phased_business(raw: RawWarehouse, business_id: str, rails: tuple[str, ...], *, age: timedelta = timedelta(minutes=1)) -> None:
    """The small ledger (cash 1,000, 900 spent) with each of `rails` connected, their data `age` old and their records there.

    Plaid: 800 in checking, 450 spent and 60 received. Ramp: bill 7 paid, 30 on a card that the ledger does not have.
    """
    small_ledger(raw, business_id)
    raw.versions(business_id, "bills", [bill("11", 70, DueDate="2026-07-02")])
    for rail in rails:
        raw.connect(business_id, rail, now=NOW, age=age)
    if "plaid" in rails:
        bank_account(raw, business_id, "checking", available=800, current=850)
        bank_transaction(raw, business_id, "spent", 450, "2026-05-01")
        bank_transaction(raw, business_id, "received", -60, "2026-06-01")
    if "ramp" in rails:
        ramp_bill(raw, business_id, "r7", "7", "PAID")
        ramp_bill(raw, business_id, "r-unlinked", None, "OPEN")
        card = {"amount": 30.0, "currency_code": "USD", "state": "CLEARED", "user_transaction_time": "2026-06-02T10:00:00+00:00"}
        raw.observed(business_id, "ramp", "transactions", "card", card | {"sync_status": "SYNC_READY"})
        raw.observed(business_id, "ramp", "transactions", "booked", card | {"sync_status": "SYNCED"})
        raw.observed(business_id, "ramp", "transactions", "declined", card | {"sync_status": "NOT_SYNC_READY", "state": "DECLINED"})
    if "stripe" in rails:
        raw.observed(business_id, "stripe", "payouts", "po", {"id": "po", "amount": 100, "currency": "usd"})
        charged = {"id": "txn", "type": "charge", "source": "ch", "amount": 100, "fee": 0, "net": 100, "currency": "usd"}
        raw.observed(business_id, "stripe", "payout_transactions", "po/txn", charged)
