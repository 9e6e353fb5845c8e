"""One answer in the making: its records, spoiled where a fault says so, and the note of what is really sent.

A note's place says which version of a record it was: for transactions the change in the item's feed, for accounts the account
and whether the bank itself was asked, for items whether it was in error. `sandbox.plaid.truth` reads them back.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sandbox.plaid.items import ItemFacts
from sandbox.plaid.office import Office
from sandbox.served import DRIFTED
from sandbox.spoiling import spoiled

# Bits of a place beside DRIFTED.
DESCRIBED = 1 << 30
UNOFFICIAL = 1 << 29
LIVE = 1 << 8
# Generations of an item are told apart in the number under which its notes stand.
GENERATION = 100_000
UNOFFICIAL_CURRENCY = "XRC"
_AMOUNTS = ("amount", "current", "available")


class Serving:
    """Collects what an answer about one item holds. fault: the kind that spoils this answer, or None."""

    def __init__(self, office: Office, item: ItemFacts | None, fault: str | None) -> None:
        self.fault = fault
        self._office = office
        self._item = item
        self._is_unofficial = bool(office.hub.options["unofficial_currency"])
        self._noted: list[tuple[str, list[int]]] = []

    def note(self, entity: str, places: list[int]) -> None:
        """Counts records as part of this answer."""
        bits = (DRIFTED if self.fault == "schema_drift" else 0) | (UNOFFICIAL if self._is_unofficial and entity != "items" else 0)
        self._noted.append((entity, [place | bits for place in places]))

    def record(self, body: bytes) -> bytes:
        """A record as this answer holds it."""
        body = self.priced(body)
        return drifted(body) if self.fault == "schema_drift" else body

    def priced(self, body: bytes) -> bytes:
        """A record, or one that stands in the answer beside its records, in the currency that is told."""
        return unofficial(body) if self._is_unofficial else body

    def finish(self, body: bytes) -> bytes:
        """The body to send, spoiled if need be; a spoiled body has delivered nothing, any other is noted as sent."""
        what_is_left = spoiled(self.fault, body)
        if what_is_left is not None:
            return what_is_left
        if self._item is not None:
            number = self._item.generation * GENERATION + self._item.number
            for entity, places in self._noted:
                if places:
                    self._office.served.add(str(number), entity, self._office.hub.now, places)
        return body


def shaped(body: bytes, place: int) -> bytes:
    """A record as the bits of its place say that it went out."""
    body = unofficial(body) if place & UNOFFICIAL else body
    return drifted(body) if place & DRIFTED else body


def unofficial(body: bytes) -> bytes:
    """A record in a currency that ISO does not know: of the two codes one is always null."""
    body = body.replace(b'"iso_currency_code":"USD"', b'"iso_currency_code":null')
    return body.replace(b'"unofficial_currency_code":null', b'"unofficial_currency_code":"%s"' % UNOFFICIAL_CURRENCY.encode())


def drifted(body: bytes) -> bytes:
    """A record in the shape of a later vendor release: a field more, one dropped, amounts as text. Amounts keep their digits."""
    record: dict[str, Any] = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    record.pop("payment_meta", None)
    for name in _AMOUNTS:
        if name in record and bytes(record[name]) != b"null":
            record[name] = msgspec.Raw(b'"' + bytes(record[name]) + b'"')
    if "balances" in record:
        record["balances"] = msgspec.Raw(drifted(bytes(record["balances"])))
    record["release_tag"] = {"wave": 2, "labels": ["drift"]}
    return msgspec.json.encode(record)
