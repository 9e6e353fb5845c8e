"""Ramp as a whole: a desk per business, kept at the sandbox's present, and the record of what was sent.

The record holds the hash of what went out, since a body with signed addresses exists only once.
"""

from __future__ import annotations

import hashlib
import os
import struct
import uuid
from collections.abc import Iterator
from typing import NamedTuple

from sandbox.hub import Hub
from sandbox.ramp.desk import Desk
from sandbox.ramp.render import single_bill, single_vendor
from sandbox.ramp.shelf import Row
from sandbox.ramp.wire import signed

# Lists by the table they belong to in raw_ramp; drafts are bills that are not finished.
ENTITIES = (
    "business", "balances", "entities", "bills", "drafts", "vendors", "vendor_accounts", "transactions", "transfers", "reimbursements",
    "statements",
)  # fmt: skip
_FRAME = struct.Struct("<IBIq16s32s")
_SINGLE = "1"
# Set in a version's number when it went out in another shape: of a later release, or as it reads by itself.
DRIFTED, ALONE = 1 << 31, 1 << 30


class Sent(NamedTuple):
    """One version's sending. number: the business's, from 0; version: from 1, with DRIFTED or ALONE for another shape."""

    number: int
    entity: str
    id: str
    version: int
    at: int
    sha256: str


class RampOffice:
    """All desks of one sandbox."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._desks: dict[str, Desk] = {}
        self._path = hub.state.folder / "served_ramp.bin"
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._last = {(sent.number, ENTITIES.index(sent.entity), sent.id): sent.version for sent in self.sent()}

    def desk(self, business_id: str) -> Desk:
        """The desk of a business at the present instant; KeyError for an unknown one."""
        world = self.hub.world(business_id)
        desk = self._desks.get(business_id)
        if desk is None:
            desk = self._desks[business_id] = Desk(world, self.hub.by_business[business_id].index)
        if desk.is_behind(self.hub.state.memory):
            desk.catch_up(self.hub.state.memory)
        return desk

    def looked_at(self) -> list[Desk]:
        """The desks somebody has asked for, as they stood then."""
        return list(self._desks.values())

    def body(self, desk: Desk, entity: str, row: Row) -> bytes:
        """A record as it reads at this instant, addresses signed and totals added."""
        body = desk.shelves[entity].body(row)
        if entity == "vendors":
            body = desk.vendor_body(body, row.fact)
        return signed(body, self.hub.now)

    def single(self, desk: Desk, entity: str, row: Row) -> bytes:
        """A bill or a vendor as it reads by itself."""
        if entity == "vendors":
            return single_vendor(self.body(desk, entity, row))
        return signed(single_bill(desk.world, row.fact), self.hub.now)

    def note(self, desk: Desk, entity: str, rows: list[tuple[Row, bytes]], shape: int = 0) -> None:
        """Records that these bodies go out; a record sent as it was the last time, but for what is signed, is not noted again."""
        kind, frames = ENTITIES.index(entity), []
        for row, body in rows:
            key = (desk.number, kind, row.id)
            if self._last.get(key) != row.number | shape:
                self._last[key] = row.number | shape
                id = b"\0" * 16 if row.id == _SINGLE else uuid.UUID(row.id).bytes
                frames.append(_FRAME.pack(desk.number, kind, row.number | shape, self.hub.now, id, hashlib.sha256(body).digest()))
        if frames:
            os.write(self._file, b"".join(frames))

    def sent(self) -> Iterator[Sent]:
        """All that ever went out, in order; a version sent again only if the record was sent otherwise in between."""
        content = self._path.read_bytes()
        whole = len(content) - len(content) % _FRAME.size
        for number, kind, version, at, id, digest in _FRAME.iter_unpack(content[:whole]):
            text = str(uuid.UUID(bytes=id)) if any(id) else _SINGLE
            yield Sent(number, ENTITIES[kind], text, version, at, digest.hex())

    def close(self) -> None:
        os.close(self._file)


def office_of(hub: Hub) -> RampOffice:
    """The hub's one Ramp office, opened when first asked for."""
    office = hub.offices.get("ramp")
    if office is None:
        office = hub.offices["ramp"] = RampOffice(hub)
    assert isinstance(office, RampOffice)
    return office
