"""One answer in the making: lists and single objects of an account, spoiled where a fault says so, noted when really sent."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from sandbox.hub import Hub
from sandbox.served import DRIFTED
from sandbox.spoiling import spoiled
from sandbox.stripe.book import Book
from sandbox.stripe.entities import BY_TABLE, EVENT_DAYS, Entity
from sandbox.stripe.expanding import expanded
from sandbox.stripe.office import StripeOffice
from sandbox.stripe.parameters import Asked, is_within
from sandbox.stripe.replies import missing
from sandbox.stripe.shapes import body_of, carried_lines, encode
from sandbox.stripe.table import OLD, Version

# Set in a place when the object went out in the shape before basil.
OLD_SHAPE = 1 << 30


class Serving:
    """Answers about one account. shape: OLD or NEW; fault: the kind that spoils this answer, or None."""

    def __init__(self, office: StripeOffice, account: str, shape: int, fault: str | None) -> None:
        self._office = office
        self._listing = office.accounts[account]
        self.book = office.book(account)
        self._shape = shape
        self._fault = fault
        self._sent: list[tuple[str, list[int]]] = []

    def listed(self, entity: Entity, asked: Asked) -> bytes:
        """One page of a list."""
        current, ids = self.book.tables[entity.table].current, listed_ids(self._office.hub, self.book, entity.table)
        if asked.equal or asked.ranges or asked.types:
            wanted = self._chosen(entity, asked)
            ids = [id for id in ids if id == asked.starting_after or id == asked.ending_before or wanted(current[id])]
        page = self._page(entity, f"/v1/{entity.table}", ids, asked)
        if "payout" in asked.equal:
            self._sent = [self._as_members(asked.equal["payout"], *sent) for sent in self._sent]
        return page

    def lines(self, invoice: str, asked: Asked) -> bytes:
        """One page of an invoice's lines, in their order."""
        if not self.book.holds("invoices", invoice):
            raise missing("invoice", invoice, "invoice")
        entity = Entity("invoice_lines", "line_item", "il", "")
        ids = list(reversed(self.book.lines_of[invoice]))
        return self._page(entity, f"/v1/invoices/{invoice}/lines", ids, asked)

    def refunds_of(self, charge: str, asked: Asked) -> bytes:
        """One page of a charge's refunds."""
        if not self.book.holds("charges", charge):
            raise missing("charge", charge, "id")
        asked.equal["charge"] = charge
        return self.listed(BY_TABLE["refunds"], asked)

    def read(self, entity: Entity, id: str, expand: list[list[str]]) -> bytes:
        """One object; a deleted customer is said to be deleted, anything else deleted is not found."""
        table = self.book.tables[entity.table]
        version = table.current.get(id)
        if version is None or (entity.table == "events" and version.state["created"] < self._office.hub.now - EVENT_DAYS * 86_400):
            gone = table.gone.get(id)
            if gone is not None:
                self._sent.append((entity.table, [gone.seq]))
            if gone is None or entity.table != "customers":
                self.note()
                raise missing(entity.object, id, "id")
            return body_of(self.book, entity.table, gone, self._shape)
        return self._bodies(entity.table, [version], expand)[0]

    def account(self) -> bytes:
        """The account itself."""
        return self._bodies("accounts", [self.book.tables["accounts"].current[self.book.account_id]], [])[0]

    def balance(self) -> bytes:
        """The account's balance."""
        return self._bodies("balances", [self.book.tables["balances"].current["1"]], [])[0]

    def finish(self, body: bytes) -> bytes:
        """The body to send, spoiled if need be; a spoiled body has delivered nothing, any other is noted as sent."""
        what_is_left = spoiled(self._fault, body)
        if what_is_left is not None:
            return what_is_left
        self.note()
        return body

    def note(self) -> None:
        """Writes down what was sent."""
        for table, places in self._sent:
            if places:
                self._office.served.add(str(self._listing.index), table, self._office.hub.now, places)
        self._sent = []

    def _as_members(self, payout: str, table: str, places: list[int]) -> tuple[str, list[int]]:
        """What was sent of balance transactions as what a payout is made of: the same bytes under another name."""
        flags = OLD_SHAPE | DRIFTED
        versions, members = self.book.tables[table].versions, self.book.tables["payout_transactions"].current
        return "payout_transactions", [members[f"{payout}/{versions[one & ~flags].id}"].seq | one & flags for one in places]

    def _chosen(self, entity: Entity, asked: Asked) -> Any:
        """Whether a version is what the request's filters ask for."""
        members: set[str] | None = None
        equal = dict(asked.equal)
        if "payout" in equal:
            payout = equal.pop("payout")
            if not self.book.holds("payouts", payout):
                raise missing("payout", payout, "payout", 400)
            members = set(self.book.transactions_of[payout])
        equal.pop("delivery_success", None)
        types = [*asked.types, *([equal.pop("type")] if entity.table == "events" and "type" in equal else [])]

        def is_wanted(version: Version) -> bool:
            state = version.state
            return (
                (members is None or version.id in members)
                and all(is_within(state.get(name), bounds) for name, bounds in asked.ranges.items())
                and all(_value(state, name) == value for name, value in equal.items())
                and (not types or any(fnmatchcase(state["type"], kind) for kind in types))
            )

        return is_wanted

    def _page(self, entity: Entity, url: str, ids: list[str], asked: Asked) -> bytes:
        """The page of `ids` (oldest first) that is asked for, newest first."""
        start, end = 0, len(ids)
        if asked.starting_after:
            if self._fault == "cursor_gone":
                raise missing(entity.object, asked.starting_after, "starting_after", 400)
            end = _place(entity, ids, asked.starting_after, "starting_after")
        if asked.ending_before:
            start = _place(entity, ids, asked.ending_before, "ending_before") + 1
            page, has_more = ids[start : start + asked.limit], end - start > asked.limit
        else:
            page, has_more = ids[max(0, end - asked.limit) : end], end > asked.limit
        current = self.book.tables[entity.table].current
        versions = [current[id] for id in reversed(page)]
        if self._fault == "empty_page":
            versions, has_more = [], False
        if self._fault == "duplicate_rows" and versions:
            versions = [*versions, *versions[: max(1, len(versions) // 20)]]
        rows = b",".join(self._bodies(entity.table, versions, asked.expand))
        more = b"true" if has_more else b"false"
        return b'{"object":"list","url":' + encode(url) + b',"has_more":' + more + b',"data":[' + rows + b"]}"

    def _bodies(self, table: str, versions: list[Version], expand: list[list[str]]) -> list[bytes]:
        """The versions' bytes; what is not sent as it is kept (expanded) does not count as sent."""
        if expand:
            return [encode(expanded(self.book, table, version, self._shape, expand)) for version in versions]
        bodies = [body_of(self.book, table, version, self._shape) for version in versions]
        flags = OLD_SHAPE if self._shape == OLD else 0
        if table == "invoices":
            carried = [line.seq | flags for version in versions for line in carried_lines(self.book, version)]
            self._sent.append(("invoice_lines", carried))
        if self._fault == "schema_drift":
            bodies, flags = [drifted(body) for body in bodies], flags | DRIFTED
        self._sent.append((table, [version.seq | flags for version in versions]))
        return bodies


def listed_ids(hub: Hub, book: Book, table: str) -> list[str]:
    """The ids of a list, oldest first: of all there are, of the last thirty days' events."""
    found = book.tables[table]
    return found.created_since(hub.now - EVENT_DAYS * 86_400) if table == "events" else found.order


def _place(entity: Entity, ids: list[str], id: str, parameter: str) -> int:
    """Where `id` stands in a list; Refusal where it is not in it (any more)."""
    try:
        return ids.index(id)
    except ValueError:
        raise missing(entity.object, id, parameter, 400) from None


def drifted(body: bytes) -> bytes:
    """An object in the shape of a later release: a field more, one dropped, an amount as text, a number where text was."""
    record: dict[str, Any] = json.loads(body)
    record.pop("livemode", None)
    for name in ("amount", "amount_due", "net"):
        if isinstance(record.get(name), int):
            record[name] = str(record[name])
    if record.get("description") is not None:
        record["description"] = len(record["description"])
    record["release_tag"] = {"wave": 2, "labels": ["drift"]}
    return encode(record)


def _value(state: dict[str, Any], name: str) -> Any:
    """The value of a filter: `payment[type]` reads a field of a field."""
    base, _, inner = name.partition("[")
    value = state.get(base)
    return value.get(inner.rstrip("]")) if inner and isinstance(value, dict) else value
