"""Payments as the ledger and Ramp have them, and what people said of them, for tests of what is matched with what."""

from __future__ import annotations

import json
from typing import Any

from tests.dbt.ledgers import NOW
from tests.dbt.rawfill import RawWarehouse


def paid(number: str, day: str, amount: int, name: str, *, bill_id: str = "", check: str | None = None) -> dict[str, Any]:
    """A payment of the ledger's from account 35, of a bill where one is named."""
    line = {"Amount": amount, "LinkedTxn": [{"TxnId": bill_id, "TxnType": "Bill"}] if bill_id else []}
    return {
        "Id": number,
        "DocNumber": check,
        "VendorRef": {"value": "1", "name": name},
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": "35"}},
        "TxnDate": day,
        "TotalAmt": amount,
        "CurrencyRef": {"value": "USD"},
        "Line": [line],
    }


def ramp_bill(raw: RawWarehouse, business: str, ramp_id: str, qbo_id: str | None, amount: int, day: str | None, **fields: Any) -> None:
    """A bill in Ramp, paid by the transfer of `day` where one is given."""
    dollars = {"amount": amount * 100, "currency_code": "USD"}
    payment = {"payment": {"payment_method": "ACH", "payment_date": day, "effective_date": day, "amount": dollars}} if day else {}
    record = {"id": ramp_id, "remote_id": qbo_id, "status": "PAID" if day else "OPEN", "approval_status": "APPROVED", "amount": dollars}
    raw.observed(business, "ramp", "bills", ramp_id, record | {"created_at": "2026-06-01T10:00:00Z"} | payment | fields)


def transfer(raw: RawWarehouse, business: str, transfer_id: str, amount: int, day: str) -> None:
    """What Ramp drew on a day for the bills it paid."""
    record = {"id": transfer_id, "amount": {"amount": amount * 100, "currency_code": "USD"}, "status": "COMPLETED"}
    raw.observed(business, "ramp", "transfers", transfer_id, record | {"created_at": f"{day}T15:00:00Z"})


def verdict(raw: RawWarehouse, business: str, number: int, kind: str, one: str, other: str, **values: Any) -> None:
    """What a person said of two records, each written RAIL:ENTITY:ID; the decision's id is `d` and its number."""
    sides = {
        f"{side}_{part}": value
        for side, record in (("left", one), ("right", other))
        for part, value in zip(("rail", "entity", "id"), record.split(":"), strict=True)
    }
    decision = {"decision_no": number, "decision_id": f"d{number}", "business_id": business, "advisor_id": "ann", "kind": kind}
    raw.control("decisions", **decision | values, subject=json.dumps(sides), decided_at=NOW)
