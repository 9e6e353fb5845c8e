"""How values are spelled on QuickBooks' wire: amounts, instants, references, and the encoder that puts records together."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

_ENCODER = msgspec.json.Encoder()
USD = {"value": "USD", "name": "United States Dollar"}


def encode(record: dict[str, Any]) -> bytes:
    """`record` as JSON; amounts are already text, so no money ever becomes a float."""
    return _ENCODER.encode(record)


@lru_cache(maxsize=65536)
def amount(cents: int) -> msgspec.Raw:
    """Cents as the vendor's JSON number: 0 as `0`, whole amounts as `900.0`, others with their decimals."""
    if cents == 0:
        return msgspec.Raw(b"0")
    sign, (whole, part) = "-" if cents < 0 else "", divmod(abs(cents), 100)
    decimals = f"{part:02d}".rstrip("0") or "0"
    return msgspec.Raw(f"{sign}{whole}.{decimals}".encode())


def instant(epoch: int, zone: ZoneInfo) -> str:
    """An instant to the second with the company's own offset of that moment, hence -08:00 and -07:00 in one company."""
    return datetime.fromtimestamp(epoch, zone).isoformat()


def answer_time(epoch: int, zone: ZoneInfo) -> str:
    """The `time` of an answer: as `instant`, with milliseconds."""
    return datetime.fromtimestamp(epoch, zone).isoformat(timespec="milliseconds")


def tombstone(id: str, epoch: int, zone: ZoneInfo) -> bytes:
    """What the change feed says of a deleted record."""
    return encode({"domain": "QBO", "status": "Deleted", "Id": id, "MetaData": {"LastUpdatedTime": instant(epoch, zone)}})
