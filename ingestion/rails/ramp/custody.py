"""What Ramp says of a bill: whether it is approved there, and how far its payment is."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from ingestion.custody import Word, money
from ingestion.live.shapes import decoder, minor_units


class _Amount(msgspec.Struct):
    amount: int | None = None
    currency_code: str | None = None


class _Payment(msgspec.Struct):
    amount: _Amount | None = None
    payment_method: str | None = None
    payment_date: str | None = None


class _Bill(msgspec.Struct):
    status: str | None = None
    approval_status: str | None = None
    paid_at: str | None = None
    archived_at: str | None = None
    amount: _Amount | None = None
    payment: _Payment | None = None


_bill = decoder(_Bill)
_TOLD = {"APPROVED": "approved", "PENDING": "waiting for approval", "INITIALIZED": "waiting for approval", "REJECTED": "rejected"}


def words(entity: str, record_id: str, payload: bytes) -> tuple[Word, ...]:
    """See `ingestion.custody.Reader`."""
    if entity != "bills":
        return ()
    one = _bill(payload)
    about = (record_id,)
    approval = _TOLD.get(one.approval_status or "")
    told = [Word("approve", approval, about)] if approval else []
    if one.archived_at:
        told.append(Word("execute", f"taken back {one.archived_at[:10]}", about))
    elif one.status == "PAID":
        told.append(Word("execute", f"paid {_how(one)}{f', arrived {one.paid_at[:16]}' if one.paid_at else ''}", about))
    elif one.payment and one.payment.payment_date:
        told.append(Word("execute", f"on its way {_how(one)}", about))
    return tuple(told)


def _how(bill: _Bill) -> str:
    payment = bill.payment or _Payment()
    amount = payment.amount or bill.amount or _Amount()
    method = f" by {payment.payment_method}" if payment.payment_method else ""
    sent = f", sent {payment.payment_date[:10]}" if payment.payment_date else ""
    return f"with {money(_major(amount), amount.currency_code)}{method}{sent}"


def _major(amount: _Amount) -> Decimal | None:
    return minor_units(amount.amount, amount.currency_code, "iso")
