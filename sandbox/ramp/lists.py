"""Pages of Ramp's lists: which rows, where a page begins, what it says of the next, and what a fault makes of it.

What parameters mean: `sandbox.ramp.filters`. Who may ask at all: `sandbox.ramp.app`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from sandbox.ramp import replies
from sandbox.ramp.desk import Desk
from sandbox.ramp.filters import InvalidParameterError, boolean, tests_of
from sandbox.ramp.office import ALONE, DRIFTED, RampOffice
from sandbox.ramp.shelf import Row
from sandbox.spoiling import spoiled

DEFAULT_SIZE, LEAST, MOST = 20, 2, 100


class Pages:
    """Answers for one business. fault: the kind that spoils this answer, or None. base: where the vendor is reached."""

    def __init__(self, office: RampOffice, desk: Desk, base: str, fault: str | None) -> None:
        self._office, self._desk, self._base, self._fault = office, desk, base, fault

    def page(self, entity: str, path: str, asked: Mapping[str, str], only: str = "") -> Response:
        """One page of a list. only: the vendor whose accounts are meant."""
        try:
            size = _size(asked.get("page_size"))
            tests = tests_of(entity, asked)
            rows = [row for row in self._desk.shelves[entity].rows.values() if all(test(row.fact) for test in tests)]
            rows = _ordered(entity, [row for row in rows if not only or row.fact.vendor == only], asked)
            if self._fault == "late_commit":
                # The list is read from a copy that does not have its newest record yet.
                rows = rows[:-1]
        except InvalidParameterError as wrong:
            return replies.invalid(wrong.field, wrong.message)
        begin = 0
        if start := asked.get("start"):
            place = next((position for position, row in enumerate(rows) if row.id == start), None)
            if place is None or self._fault == "cursor_gone":
                return self._stale()
            begin = place + 1
        shown = rows[begin : begin + size]
        is_last = begin + size >= len(rows)
        if self._fault == "empty_page":
            shown, is_last = [], True
        following = None
        if not is_last:
            query = urlencode({**asked, "page_size": str(size), "start": shown[-1].id})
            following = f"{self._base}{path}?{query}"
        return self._send(entity, shown, following)

    def _stale(self) -> Response:
        """The record a page was to begin behind is not in the list any more: not documented, so both ways can be had."""
        if self._office.hub.options["ramp_stale_start"] == "empty":
            return replies.reply(b'{"data":[],"page":{"next":null}}')
        return replies.invalid("start", "Entity with given start id not found")

    def one(self, entity: str, id: str, only: str = "") -> Response:
        """One record by its id; 404 when there is none."""
        row = self._desk.shelves[entity].rows.get(id)
        if row is None or (only and row.fact.vendor != only):
            return replies.not_found(f"{entity} {id} not found")
        if entity in ("bills", "vendors"):
            return self._finish(entity, [(row, self._office.single(self._desk, entity, row))], None, ALONE)
        return self._finish(entity, [(row, self._office.body(self._desk, entity, row))], None)

    def knows_vendor(self, id: str) -> bool:
        """Whether the business has this vendor."""
        return id in self._desk.shelves["vendors"].rows

    def single(self, entity: str) -> Response:
        """What there is one of."""
        row = next(iter(self._desk.shelves[entity].rows.values()))
        return self._finish(entity, [(row, self._office.body(self._desk, entity, row))], None)

    def _send(self, entity: str, rows: list[Row], following: str | None) -> Response:
        if self._fault == "duplicate_rows" and rows:
            rows = [*rows, *rows[: max(1, len(rows) // 20)]]
        sent = [(row, self._office.body(self._desk, entity, row)) for row in rows]
        if self._fault == "schema_drift":
            sent = [(row, drifted(body)) for row, body in sent]
        shape = DRIFTED if self._fault == "schema_drift" else 0
        joined = b",".join([body for _, body in sent])
        page = json.dumps({"next": following}).encode()
        return self._finish(entity, sent, b'{"data":[' + joined + b'],"page":' + page + b"}", shape)

    def _finish(self, entity: str, sent: list[tuple[Row, bytes]], body: bytes | None, shape: int = 0) -> Response:
        """Sends it, spoiled if need be; a spoiled body has delivered nothing, any other is noted as sent."""
        if body is None:
            body = sent[0][1]
        what_is_left = spoiled(self._fault, body)
        if what_is_left is not None:
            return replies.reply(what_is_left)
        self._office.note(self._desk, entity, sent, shape)
        return replies.reply(body)


def _size(text: str | None) -> int:
    if text is None:
        return DEFAULT_SIZE
    if not text.isdecimal() or not LEAST <= int(text) <= MOST:
        raise InvalidParameterError("page_size", f"Value must be between {LEAST} and {MOST}")
    return int(text)


def _ordered(entity: str, rows: list[Row], asked: Mapping[str, str]) -> list[Row]:
    """Rows as the list is ordered: by creation, card transactions otherwise if asked to."""
    if entity == "transactions":
        for name, key in (("date", lambda row: (row.fact.at, row.id)), ("amount", lambda row: (row.fact.cents, row.id))):
            for way in ("asc", "desc"):
                parameter = f"order_by_{name}_{way}"
                if parameter in asked and boolean(parameter, asked[parameter]):
                    return sorted(rows, key=key, reverse=way == "desc")
    return rows


class _Digits(str):
    """A JSON number kept as the text it was."""


def drifted(body: bytes) -> bytes:
    """A record in the shape of a later release: a field more, one dropped, amounts as text; digits are never computed."""
    record: dict[str, Any] = json.loads(body, parse_float=_Digits, parse_int=_Digits)
    record.pop("memo", None)
    amount = record.get("amount")
    if isinstance(amount, dict):
        amount["amount"], amount["minor_unit_conversion_rate"] = str(amount["amount"]), _Digits("100")
    elif isinstance(amount, _Digits):
        record["amount"] = str(amount)
    record["status_summary"] = {"wave": _Digits("2"), "labels": ["drift"]}
    return _dump(record).encode()


def _dump(value: Any) -> str:
    if isinstance(value, _Digits):
        return value.__str__()
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{_dump(held)}" for key, held in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_dump(held) for held in value) + "]"
    return json.dumps(value)
