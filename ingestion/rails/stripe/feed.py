"""What events say was touched. An event's own copy of an object is not used: it is rendered at the version the account had
when it happened, not at the pinned one; each touched object is read again (`reading`).

Stripe keeps events thirty days, in no promised order and sometimes two for one change. Refunds and disputes change their
charge; invoices have changes that only their lines or payments show. Event types: Stripe's API reference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ingestion.answers import MalformedPage, decoded
from ingestion.fetching import RailError
from ingestion.rails.stripe.marks import SEEN_EVENTS, event_key
from ingestion.rails.stripe.wire import Record

# Names beside Stripe's own: an invoice whose payments, a charge whose refunds are to be listed.
PAYMENTS_OF = "payments_of"
REFUNDS_OF = "refunds_of"
# Objects that an event's object refers to by a field of that name, and that change along with it.
_CHANGES_TOO = {
    "refund": ("charge",),
    "dispute": ("charge",),
    "invoice_payment": ("invoice",),
    "credit_note": ("invoice",),
    "invoiceitem": ("invoice",),
    "discount": ("customer",),
}
# A new invoice has no payments yet and a deleted draft never had any.
_WITHOUT_PAYMENTS = {"invoice.created", "invoice.deleted"}


@dataclass(frozen=True, slots=True)
class Touch:
    """What one event touched: pairs of Stripe's name of an object and its id, and the lines its invoice had before.

    lines_before: by invoice the lines by id, as the event has them.
    """

    key: str
    at: int
    objects: frozenset[tuple[str, str]]
    lines_before: dict[str, dict[str, bytes]] = field(default_factory=dict)


@dataclass
class Feed:
    """What was read of the events.

    newest: created of the newest one known, 0 without any. known_to: what that was before. error: why they cannot be read.
    """

    known_to: int = 0
    touches: list[Touch] = field(default_factory=list)
    newest: int = 0
    rows: int = 0
    error: RailError | None = None

    def add(self, events: Sequence[Record]) -> None:
        """Takes a page of events."""
        self.rows += len(events)
        self.newest = max([self.newest, *(event.created or 0 for event in events)])
        self.touches += [touch_of(event) for event in events]

    def forget(self, error: RailError) -> None:
        """Takes nothing of what was read as read, because of `error`."""
        self.touches, self.newest, self.error = [], self.known_to, error

    def touched(self, names: Collection[str], since: int, seen: Collection[str]) -> list[Touch]:
        """What events at or after `since`, those in `seen` left out, touched of the kinds `names`."""
        return [touch for touch in self.touches if touch.at >= since and touch.key not in seen and _names(touch) & set(names)]

    def keys(self, names: Collection[str], since: int) -> tuple[str, ...]:
        """The keys of the newest events at or after `since` that touched one of the kinds `names`."""
        recent = sorted(self.touched(names, since, ()), key=lambda touch: touch.at, reverse=True)
        return tuple(sorted({touch.key for touch in recent[:SEEN_EVENTS]}))


def ids_of(touches: Iterable[Touch], name: str) -> dict[str, int]:
    """The ids of one kind, each with the time of the last event about it."""
    times: dict[str, int] = {}
    for touch in touches:
        for kind, record_id in touch.objects:
            if kind == name:
                times[record_id] = max(touch.at, times.get(record_id, 0))
    return times


class _Object(msgspec.Struct):
    object: str = ""
    id: str | None = None
    charge: Any = None
    invoice: Any = None
    customer: Any = None
    lines: msgspec.Raw = msgspec.Raw(b"null")


class _Data(msgspec.Struct):
    object: _Object
    previous_attributes: msgspec.Raw = msgspec.Raw(b"null")


class _Event(msgspec.Struct):
    type: str
    data: _Data


class _Mode(msgspec.Struct):
    # What is no longer told, or told in another type, must not cost the event.
    livemode: Any = None


class _Line(msgspec.Struct):
    id: str


class _Lines(msgspec.Struct):
    data: list[msgspec.Raw]


class _Before(msgspec.Struct):
    lines: _Lines | None = None


_event = msgspec.json.Decoder(_Event)
_mode = msgspec.json.Decoder(_Mode)
_line = msgspec.json.Decoder(_Line)
_lines = msgspec.json.Decoder(_Lines | None)
_before = msgspec.json.Decoder(_Before | None)


def is_live_event(event: Record) -> bool | None:
    """Whether an event is about real money; None if it does not say."""
    told = decoded(_mode, event.payload).livemode
    return told if isinstance(told, bool) else None


def touch_of(event: Record) -> Touch:
    """What an event touched; nothing if it is of a shape never seen, which stays in the change log as it is."""
    key, at = event_key(event.record_id), event.created or 0
    try:
        read: _Event = decoded(_event, event.payload)
    except MalformedPage:
        return Touch(key, at, frozenset())
    found = read.data.object
    objects = {(name, _reference(getattr(found, name))) for name in _CHANGES_TOO.get(found.object, ())}
    # An invoice that is only announced has an id that cannot be read.
    if found.id and read.type != "invoice.upcoming":
        objects.add((found.object, found.id))
        if found.object == "invoice" and read.type not in _WITHOUT_PAYMENTS:
            objects.add((PAYMENTS_OF, found.id))
        if read.type == "charge.refunded":
            objects.add((REFUNDS_OF, found.id))
    lines = {found.id: _lines_before(read)} if found.object == "invoice" and found.id else {}
    return Touch(key, at, frozenset((name, record_id) for name, record_id in objects if record_id), lines)


def _lines_before(event: _Event) -> dict[str, bytes]:
    """The lines an edited or deleted invoice had, by id, as far as the event tells."""
    try:
        if event.type == "invoice.deleted":
            lines = decoded(_lines, event.data.object.lines)
        else:
            before = decoded(_before, event.data.previous_attributes)
            lines = before.lines if before else None
        return {decoded(_line, line).id: bytes(line) for line in (lines.data if lines else ())}
    except MalformedPage:
        return {}


def _names(touch: Touch) -> set[str]:
    return {name for name, _ in touch.objects}


def _reference(value: Any) -> str | None:
    """The id in a field that holds one, or holds the object itself."""
    found = value.get("id") if isinstance(value, dict) else value
    return found if isinstance(found, str) and found else None
