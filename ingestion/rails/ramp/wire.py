"""Ramp's answers as bytes: splits pages into verbatim records and recognises errors. No HTTP, no state.

Records are kept as the text that was served; money in them comes both as whole minor units and as decimals, and stays
as it is. Shapes: Ramp's Developer API v1; `page.next` is null or missing on the last page.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from ingestion.answers import MalformedPage, decoded
from ingestion.changelog.schema import content_hash


class Record(msgspec.Struct, frozen=True, gc=False):
    """One record as served, or what was served instead of it once it was gone."""

    record_id: str
    stamp: datetime | None
    payload: bytes
    content_hash: str
    is_deleted: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """What of a record is looked at. stamp: the field that says when it came to be; volatile: fields left out of its hash."""

    stamp: str | None = None
    volatile: Set[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Page:
    """The records of a page and the address of the next one."""

    records: list[Record]
    next_url: str | None


class _Head(msgspec.Struct, gc=False):
    id: str
    # A time that is malformed or retyped must not cost the page.
    created_at: Any = None
    created_time: Any = None
    user_transaction_time: Any = None


class _Next(msgspec.Struct):
    next: str | None = None


class _Page(msgspec.Struct):
    data: msgspec.Raw
    page: _Next | None = None


_page = msgspec.json.Decoder(_Page)
_heads = msgspec.json.Decoder(list[_Head])
_head = msgspec.json.Decoder(_Head)
_records = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def split_page(body: bytes, form: Form) -> Page:
    """The records of a list's page and where the next is; MalformedPage when it cannot be taken apart."""
    page = decoded(_page, body)
    heads, payloads = decoded(_heads, page.data), decoded(_records, page.data)
    records = [_record(head, bytes(payload), form) for head, payload in zip(heads, payloads, strict=True)]
    return Page(records, page.page.next if page.page else None)


def read_object(body: bytes, form: Form, record_id: str | None = None) -> Record:
    """The record of a bare object; under `record_id` if it has no id of its own."""
    payload = body.strip()
    if record_id is None:
        return _record(decoded(_head, payload), payload, form)
    if not decoded(_object, payload):
        raise MalformedPage("the object is empty")
    return Record(record_id, None, payload, content_hash(payload, form.volatile))


def error_code(body: bytes) -> str | None:
    """The code of an error body (`error_v2`), None if it is no such body. Cheap for a page of records."""
    if b'"error_v2"' not in body[:4096]:
        return None
    try:
        return str(msgspec.json.decode(body)["error_v2"]["error_code"])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
        return None


def _record(head: _Head, payload: bytes, form: Form) -> Record:
    if not head.id:
        raise MalformedPage("a record's id is empty")
    stamp = _instant(getattr(head, form.stamp)) if form.stamp else None
    return Record(head.id, stamp, payload, content_hash(payload, form.volatile))


def _instant(value: Any) -> datetime | None:
    """The instant of a text, in UTC if it names no offset; None for what is no time, such as `2023-08-20T:00:00+00:00`."""
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
