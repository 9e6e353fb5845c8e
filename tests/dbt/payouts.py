"""Charges, payouts and customers' payments, as Stripe and the ledger have them, for tests of what is matched with what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.dbt.rawfill import RawWarehouse


def at(day: str) -> int:
    """Midnight UTC of a day, in Unix seconds."""
    return int(datetime.fromisoformat(f"{day}T00:00:00").replace(tzinfo=UTC).timestamp())


def payout(raw: RawWarehouse, business: str, name: str, cents: int, arrival: str, **fields: Any) -> None:
    """A payout that Stripe says is paid, in dollars."""
    record = {"id": name, "amount": cents, "currency": "usd", "arrival_date": at(arrival), "status": "paid", "automatic": True}
    raw.observed(business, "stripe", "payouts", name, record | fields)


def moved(raw: RawWarehouse, business: str, payout_id: str, name: str, cents: int, fee: int, kind: str, source: str, **fields: Any) -> None:
    """A movement of the balance that a payout pays out."""
    record = {"id": name, "amount": cents, "fee": fee, "net": cents - fee, "currency": "usd", "type": kind, "source": source}
    record |= {"reporting_category": kind, "status": "available", "created": at("2026-06-01")}
    raw.observed(business, "stripe", "payout_transactions", f"{payout_id}/{name}", record | fields)


def charge(raw: RawWarehouse, business: str, name: str, cents: int, *, invoice_id: str | None = None, **fields: Any) -> None:
    """A charge of customer cus_1, for an invoice where one is named."""
    record = {"id": name, "amount": cents, "currency": "usd", "customer": "cus_1", "status": "succeeded", "captured": True}
    record |= {"created": at("2026-06-01"), "billing_details": {"name": "Customer 1"}, "payment_intent": f"pi_{name}"}
    raw.observed(business, "stripe", "charges", name, record | fields)
    if invoice_id:
        asked = {"id": f"inpay_{name}", "invoice": invoice_id, "status": "paid", "payment": {"type": "charge", "charge": name}}
        raw.observed(business, "stripe", "invoice_payments", f"inpay_{name}", asked | {"currency": "usd", "amount_paid": cents})


def received(number: str, day: str, amount: float, account_id: str) -> dict[str, Any]:
    """A payment of customer 1 in the ledger, applied in full, into one of its accounts."""
    record = {"Id": number, "TxnDate": day, "TotalAmt": amount, "UnappliedAmt": 0, "CustomerRef": {"value": "1", "name": "Customer 1"}}
    return record | {"CurrencyRef": {"value": "USD"}, "DepositToAccountRef": {"value": account_id}}


def deposit(number: str, day: str, amount: float) -> dict[str, Any]:
    """A deposit into the ledger's checking account."""
    return {"Id": number, "TxnDate": day, "TotalAmt": amount, "DepositToAccountRef": {"value": "35"}, "CurrencyRef": {"value": "USD"}}
