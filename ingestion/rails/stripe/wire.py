"""Stripe's answers as bytes: splits lists into verbatim records and recognises errors. No HTTP, no state.

Records are kept as the text that was served; of each only id, time and deletion mark are decoded, so amounts are never
numbers here. What the rail makes of an event is in `feed`.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from ingestion.answers import MalformedPage, decoded
from ingestion.changelog.schema import content_hash

_NONE: frozenset[str] = frozenset()
DELETED = content_hash(b"deleted")


class Record(msgspec.Struct, frozen=True, gc=False):
    """One object as served, or what stands for its deletion. created: Unix seconds, None where the object has no time."""

    record_id: str
    created: int | None
    is_deleted: bool
    payload: bytes
    content_hash: str

    @property
    def created_at(self) -> datetime | None:
        """The moment of `created`."""
        return None if self.created is None else datetime.fromtimestamp(self.created, UTC)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, newest first."""

    records: list[Record]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """The error of an answer: Stripe's type and code, and the parameter it is about."""

    kind: str
    code: str
    param: str


class _Head(msgspec.Struct, gc=False):
    id: str
    created: int | None = None
    deleted: bool = False


class _Anonymous(msgspec.Struct):
    object: str
    livemode: bool | None = None


class _List(msgspec.Struct):
    data: msgspec.Raw
    has_more: bool


class _WithLines(msgspec.Struct):
    lines: _List | None = None


class _Error(msgspec.Struct):
    type: str = ""
    code: str | None = None
    param: str | None = None


class _Errors(msgspec.Struct):
    error: _Error


class _BalanceTransaction(msgspec.Struct, gc=False):
    created: int
    available_on: int
    status: str


class _Payout(msgspec.Struct):
    reconciliation_status: str = ""


_list = msgspec.json.Decoder(_List)
_payloads = msgspec.json.Decoder(list[msgspec.Raw])
_heads = msgspec.json.Decoder(list[_Head])
_head = msgspec.json.Decoder(_Head)
_with_lines = msgspec.json.Decoder(_WithLines)
_anonymous = msgspec.json.Decoder(_Anonymous)
_errors = msgspec.json.Decoder(_Errors)
_transaction = msgspec.json.Decoder(_BalanceTransaction)
_payout = msgspec.json.Decoder(_Payout)
# Year 9999; a time beyond it is no time.
LATEST_SECONDS = 253_402_300_799


def split_list(body: bytes, volatile: Set[str] = _NONE) -> Page:
    """The records of a list, in its order."""
    page = decoded(_list, body)
    return Page(_split(page.data, volatile), page.has_more)


def read_object(body: bytes, volatile: Set[str] = _NONE) -> Record:
    """The record of a read by id; Stripe answers for a deleted customer with its id and `deleted`."""
    head = decoded(_head, body)
    return _record(head, body.strip(), volatile)


def read_balance(body: bytes) -> tuple[Record, bool | None]:
    """The balance, which has no id of its own and becomes record '1', and whether it is real money."""
    head = decoded(_anonymous, body)
    if head.object != "balance":
        raise MalformedPage("the answer is no balance")
    return Record("1", None, False, body.strip(), content_hash(body.strip())), head.livemode


def lines_of(invoice: Record) -> Page:
    """The lines an invoice carries, at most ten, and whether there are more; they take the invoice's time."""
    lines = decoded(_with_lines, invoice.payload).lines
    if lines is None:
        return Page([], has_more=False)
    return Page([with_time(line, invoice.created) for line in _split(lines.data, _NONE)], lines.has_more)


def with_time(record: Record, created: int | None) -> Record:
    """The record with `created` as its time."""
    return msgspec.structs.replace(record, created=created)


def tombstone(record_id: str, created: int | None, body: bytes) -> Record:
    """A deletion with what the vendor said of it; equal to every other deletion of the record, so that it is kept once."""
    return Record(record_id, created, True, body, DELETED)


def pending_since(transactions: Sequence[Record]) -> tuple[int, int] | None:
    """Of the balance transactions not yet available: the time of the oldest, and when the next one is due; None without any.

    One without these fields is passed over: it is kept as it is, and read again with its stretch of time once a day.
    """
    pending = []
    for one in transactions:
        with suppress(MalformedPage):
            found = decoded(_transaction, one.payload)
            if found.status == "pending":
                pending.append(found)
    return (min(one.created for one in pending), min(one.available_on for one in pending)) if pending else None


def is_reconciled(payout: Record) -> bool:
    """Whether Stripe says that it lists what a payout is made of, which it does of automatic payouts, when they are settled."""
    try:
        return not payout.is_deleted and decoded(_payout, payout.payload).reconciliation_status == "completed"
    except MalformedPage:
        return False


def refusal_of(body: bytes) -> Refusal:
    """What an answer that is none says; all empty when it says nothing that can be read."""
    try:
        error = _errors.decode(body).error
    except (ValueError, RecursionError):
        return Refusal("", "", "")
    return Refusal(error.type, error.code or "", error.param or "")


def _split(raw: msgspec.Raw, volatile: Set[str]) -> list[Record]:
    heads, payloads = decoded(_heads, raw), decoded(_payloads, raw)
    return [_record(head, bytes(payload), volatile) for head, payload in zip(heads, payloads, strict=True)]


def _record(head: _Head, payload: bytes, volatile: Set[str]) -> Record:
    if not head.id:
        raise MalformedPage("a record has an empty id")
    if head.created is not None and not 0 <= head.created <= LATEST_SECONDS:
        raise MalformedPage("`created` is no time")
    if head.deleted:
        return tombstone(head.id, head.created, payload)
    try:
        return Record(head.id, head.created, False, payload, content_hash(payload, volatile))
    except (msgspec.DecodeError, RecursionError) as error:
        raise MalformedPage(str(error).splitlines()[0][:200]) from None
