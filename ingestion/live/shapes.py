"""Helpers with which rails turn a vendor's records into rows: exact amounts, days, the window of recent transactions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, TypeVar

import msgspec

from ingestion.answers import MalformedPage
from ingestion.currencies import exponents

# What a person checks a payment against; older transactions are in the published files.
RECENT = timedelta(days=30)

T = TypeVar("T")


def decoder(shape: type[T]) -> Callable[[bytes], T]:
    """A function that reads a payload as `shape`; MalformedPage says why not, without content."""
    decode = msgspec.json.Decoder(shape, strict=False).decode

    def read(payload: bytes) -> T:
        try:
            return decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedPage(str(error).splitlines()[0][:200]) from None

    return read


def day(text: str | None) -> date | None:
    """The day with which an ISO 8601 text begins, None for what is no day."""
    try:
        return date.fromisoformat((text or "")[:10])
    except ValueError:
        return None


def minor_units(amount: int | None, currency: str | None, vendor: Literal["iso", "stripe"]) -> Decimal | None:
    """A whole number of minor units in major units; None for a currency that is not known, since a guess would be off by 10 or 1000."""
    exponent = exponents()[vendor].get((currency or "").upper())
    return None if amount is None or exponent is None else Decimal(amount).scaleb(-exponent)


def by_rate(amount: int | None, rate: Any) -> Decimal | None:
    """A whole number of minor units at so many to the major one (1, 100, 1000)."""
    exponent = {1: 0, 100: 2, 1000: 3}.get(rate)
    return None if amount is None or exponent is None else Decimal(amount).scaleb(-exponent)


def from_unix(seconds: int | None) -> datetime | None:
    """The instant of Unix seconds."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
