"""Helpers with which rails turn a vendor's records into rows: exact amounts, days, the window of recent transactions."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from ingestion.answers import MalformedPage

# What a person checks a payment against; older transactions are in the published files.
RECENT = timedelta(days=30)
# The seed from which the models take the same exponents.
EXPONENTS_PATH = Path(__file__).parents[2] / "dbt_project" / "seeds" / "currency_exponents.csv"

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
    exponent = _exponents()[vendor].get((currency or "").upper())
    return None if amount is None or exponent is None else Decimal(amount).scaleb(-exponent)


def by_rate(amount: int | None, rate: Any) -> Decimal | None:
    """A whole number of minor units at so many to the major one (1, 100, 1000)."""
    exponent = {1: 0, 100: 2, 1000: 3}.get(rate)
    return None if amount is None or exponent is None else Decimal(amount).scaleb(-exponent)


def from_unix(seconds: int | None) -> datetime | None:
    """The instant of Unix seconds."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


@lru_cache(maxsize=1)
def _exponents() -> dict[str, dict[str, int]]:
    with EXPONENTS_PATH.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        vendor: {row["currency"]: int(row[f"{vendor}_exponent"]) for row in rows if row[f"{vendor}_exponent"]}
        for vendor in ("iso", "stripe")
    }
