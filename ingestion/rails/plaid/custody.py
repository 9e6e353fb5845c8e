"""What the bank says of a payment: that the money left the account, when, and under which text."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from ingestion.custody import Word, money
from ingestion.live.shapes import decoder


class _Transaction(msgspec.Struct):
    amount: Decimal | None = None
    iso_currency_code: str | None = None
    date: str | None = None
    name: str | None = None
    pending: bool = False


_transaction = decoder(_Transaction)


def words(entity: str, record_id: str, payload: bytes) -> tuple[Word, ...]:
    """See `ingestion.custody.Reader`."""
    if entity != "transactions":
        return ()
    one = _transaction(payload)
    how = "announced" if one.pending else "posted"
    return (Word("verify", f"{how} {one.date}: {money(one.amount, one.iso_currency_code)}, {one.name or 'without a text'}"),)
