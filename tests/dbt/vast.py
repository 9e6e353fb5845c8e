"""A business whose every amount is as large as the mirrors take: where such amounts are added, subtracted and multiplied.

What one writes down of it is no figure to be worked out by hand; the others' figures must not know of it (`test_marts`).
"""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tests.dbt.documents import bill, bill_payment, invoice, purchase
from tests.dbt.ledgers import NOW, small_ledger
from tests.dbt.rawfill import RawWarehouse

# What a person may enter of a bill, and set as a payroll, at most.
MOST_ENTERED = "9999999999999.99"
WEEKS = 6


def vast_business(raw: RawWarehouse, business_id: str, amount: str) -> None:
    """All four rails, with `amount` weekly in the ledger, at the bank, in Ramp and at Stripe, and its opposite beside it."""
    cents, opposite = str(int(Decimal(amount) * 100)), str(-Decimal(amount))
    payroll: dict[str, Any] = {"payroll_amount": Decimal(MOST_ENTERED), "payroll_next_date": date(2026, 7, 3), "payroll_interval_days": 14}
    small_ledger(raw, business_id, cash=amount, **payroll)
    for rail in ("ramp", "plaid", "stripe"):
        raw.connect(business_id, rail, now=NOW)
    raw.version(business_id, "bills", bill("opposite", opposite))
    for week in range(WEEKS):
        _week(raw, business_id, amount, opposite, cents, NOW.date() - timedelta(days=1 + 7 * week), week)
    held = {"account_id": "checking", "name": "checking", "type": "depository", "subtype": "checking"}
    raw.observed(business_id, "plaid", "accounts", "checking", held)
    raw.observed(business_id, "plaid", "balances", "checking", {"available": amount, "current": amount, "iso_currency_code": "USD"})
    entered = {"amount": MOST_ENTERED, "bill_date": "2026-06-20", "due_date": "2026-07-20", "vendor_id": "1"}
    word = {"business_id": business_id, "advisor_id": "ann", "client": "command line", "decided_at": NOW - timedelta(hours=1)}
    decision = f"d-{business_id}"
    raw.control("decisions", **word, decision_no=1, decision_id=decision, kind="enter-bill", subject=json.dumps(entered))
    admitted = json.dumps({"decision_id": decision})
    raw.control("decisions", **word, decision_no=2, decision_id=f"a-{business_id}", kind="admitted", subject=admitted)


def _week(raw: RawWarehouse, business_id: str, amount: str, opposite: str, cents: str, day: date, week: int) -> None:
    on = day.isoformat()
    dates = {"TxnDate": on, "DueDate": (day + timedelta(days=30)).isoformat()}
    raw.versions(business_id, "bills", [bill(f"open{week}", amount, **dates), bill(f"paid{week}", amount, 0, **dates)])
    # Twice for one bill, so that what was paid on it is added up.
    payments = [bill_payment(f"{which}{week}", f"paid{week}", amount, on) for which in ("first", "second")]
    raw.versions(business_id, "bill_payments", payments)
    raw.version(business_id, "invoices", invoice(f"in{week}", amount, **dates))
    raw.version(business_id, "purchases", purchase(f"spent{week}", amount, TxnDate=on, EntityRef={"value": "1", "type": "Vendor"}))
    told: dict[str, Any] = {"account_id": "checking", "iso_currency_code": "USD", "date": on, "pending": False, "name": "Vendor 1"}
    for way, moved in (("out", amount), ("in", opposite)):
        record = told | {"transaction_id": f"{way}{week}", "amount": moved}
        raw.observed(business_id, "plaid", "transactions", record["transaction_id"], record)
    money = {"amount": cents, "currency_code": "USD"}
    paid = {"payment_method": "ACH", "payment_date": on, "effective_date": on, "amount": money}
    ramp_bill = {"id": f"r{week}", "status": "PAID", "approval_status": "APPROVED", "created_at": f"{on}T10:00:00Z", "amount": money}
    raw.observed(business_id, "ramp", "bills", f"r{week}", ramp_bill | {"remote_id": f"paid{week}", "payment": paid})
    transfer = {"id": f"t{week}", "status": "COMPLETED", "created_at": f"{on}T15:00:00Z", "amount": money}
    raw.observed(business_id, "ramp", "transfers", f"t{week}", transfer)
    _charged(raw, business_id, cents, week)


def _charged(raw: RawWarehouse, business_id: str, cents: str, week: int) -> None:
    """A card payment of a Stripe invoice in another currency than the account's, and the payout that it is in."""
    at = int(NOW.timestamp()) - 86400 * (2 + 7 * week)
    euro: dict[str, Any] = {"amount": cents, "currency": "eur", "created": at}
    charge = {"id": f"ch{week}", "status": "succeeded", "captured": True, "balance_transaction": f"txn{week}", "customer": "cus"}
    raw.observed(business_id, "stripe", "charges", f"ch{week}", euro | charge)
    booked = {"id": f"txn{week}", "type": "charge", "source": f"ch{week}", "fee": cents, "net": cents, "exchange_rate": "1.25"}
    raw.observed(business_id, "stripe", "balance_transactions", f"txn{week}", euro | booked | {"currency": "usd"})
    raw.observed(business_id, "stripe", "payout_transactions", f"po{week}/txn{week}", euro | booked | {"currency": "usd"})
    payout = {"id": f"po{week}", "currency": "usd", "status": "paid", "arrival_date": at, "automatic": True}
    raw.observed(business_id, "stripe", "payouts", f"po{week}", euro | payout)
    billed = {"id": f"si{week}", "total": cents, "amount_due": cents, "amount_paid": cents, "amount_remaining": 0, "status": "paid"}
    raw.observed(business_id, "stripe", "invoices", f"si{week}", euro | billed | {"customer": "cus"})
    by_charge = {"id": f"inpay{week}", "invoice": f"si{week}", "status": "paid", "payment": {"type": "charge", "charge": f"ch{week}"}}
    raw.observed(business_id, "stripe", "invoice_payments", f"inpay{week}", euro | by_charge)
