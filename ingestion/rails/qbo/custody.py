"""What QuickBooks says of a bill's payment: that it is in the books, under which date, and which bills it settles."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from ingestion.custody import Word, money
from ingestion.live.shapes import decoder


class _Link(msgspec.Struct):
    id: str | None = msgspec.field(default=None, name="TxnId")
    kind: str | None = msgspec.field(default=None, name="TxnType")


class _Line(msgspec.Struct):
    links: list[_Link] = msgspec.field(default_factory=list, name="LinkedTxn")


class _Currency(msgspec.Struct):
    value: str | None = None


class _Payment(msgspec.Struct):
    on: str | None = msgspec.field(default=None, name="TxnDate")
    number: str | None = msgspec.field(default=None, name="DocNumber")
    total: Decimal | None = msgspec.field(default=None, name="TotalAmt")
    currency: _Currency | None = msgspec.field(default=None, name="CurrencyRef")
    lines: list[_Line] = msgspec.field(default_factory=list, name="Line")
    status: str | None = None


_payment = decoder(_Payment)


def words(entity: str, record_id: str, payload: bytes) -> tuple[Word, ...]:
    """See `ingestion.custody.Reader`."""
    if entity != "bill_payments":
        return ()
    one = _payment(payload)
    bills = tuple(dict.fromkeys(link.id for line in one.lines for link in line.links if link.kind == "Bill" and link.id))
    if one.status == "Deleted":
        return (Word("record", "taken out of the books", bills),)
    number = f", number {one.number}" if one.number else ""
    paid = money(one.total, one.currency.value if one.currency else None)
    return (Word("record", f"in the books as a payment of {paid} dated {one.on}{number}", bills),)
