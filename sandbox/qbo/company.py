"""One generated company as the ledger vendor holds it: tables rendered from its world, kept up with the operations.

Recorded companies look the same from outside: `sandbox.recorded`.
"""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from sandbox.qbo import render_lists
from sandbox.qbo.entities import ENTITIES
from sandbox.qbo.render_documents import RENDERERS
from sandbox.qbo.table import Table
from sandbox.qbo.wire import encode, instant, tombstone
from sandbox.state import Memory
from sandbox.world.identity import Business
from sandbox.world.life import Life
from sandbox.world.model import World


class Company:
    """Tables of one realm and the zone its instants are written in."""

    def __init__(self, business_id: str, realm: str, zone: ZoneInfo) -> None:
        self.business_id = business_id
        self.realm = realm
        self.zone = zone
        self.tables: dict[str, Table] = {entity: Table(entity) for entity in ENTITIES}

    def catch_up(self, memory: Memory) -> None:
        """Brings the tables to the sandbox's present; a recorded company has no other state than its own."""


class GeneratedCompany(Company):
    """A company whose tables follow a simulated world; its versions depend only on seed, scale and operations."""

    def __init__(self, business: Business, origin: int, scale: float) -> None:
        super().__init__(business.business_id, business.realm, ZoneInfo(business.timezone))
        self.life = Life(business, origin, scale)
        self._applied = 0
        world = self.world
        assert world.start is not None
        stamp = instant(world.accounts[1].created, self.zone)
        info = render_lists.company_info(business.name, business.city, business.state, world.start.isoformat(), stamp)
        self.tables["CompanyInfo"].put("1", world.accounts[1].created, encode(info))
        self.tables["Preferences"].put("1", world.accounts[1].created, encode(render_lists.preferences(stamp)))
        self._render()

    @property
    def world(self) -> World:
        return self.life.world

    def catch_up(self, memory: Memory) -> None:
        """Applies the operations this company has not seen; each is rendered by itself, so that versions never depend on who asked when."""
        while self._applied < len(memory.operations):
            self._apply(memory.operations[self._applied], self._applied)
            self._applied += 1

    def _apply(self, operation: dict[str, Any], ordinal: int) -> None:
        if operation.get("realm", self.realm) != self.realm:
            return
        kind = operation["operation"]
        if kind == "advance":
            self.life.live_until(operation["at"])
        elif kind == "touch":
            self.life.live_until(operation["at"])
            self.life.touch(operation["share"], ordinal)
        elif kind == "amend":
            self.life.touch_one(operation["document"], ordinal, operation["stamp"])
        elif kind == "remove":
            self.world.told = ordinal
            self.life.remove_one(operation["document"])
            self.world.told = -1
        self._render()

    def _render(self) -> None:
        """Puts everything the world changed on the wire, in an order that does not depend on sets."""
        world, tables = self.world, self.tables
        changed, world.changed = world.changed, set()
        gone, world.deleted = world.deleted, []
        for kind, number in sorted(changed):
            if kind in RENDERERS:
                entity, render = RENDERERS[kind]
                doc = world.docs[kind][number]
                tables[entity].put(str(number), doc.updated, encode(render(world, doc)))
            else:
                self._render_name(kind, number)
        for kind, number, at in gone:
            tables[RENDERERS[kind][0]].delete(str(number), at, tombstone(str(number), at, self.zone))

    def _render_name(self, kind: str, number: int) -> None:
        world = self.world
        if kind == "account":
            account = world.accounts[number]
            self.tables["Account"].put(str(number), account.updated, encode(render_lists.account(world, account)), account.active)
        elif kind == "vendor":
            vendor = world.vendors[number]
            self.tables["Vendor"].put(str(number), vendor.updated, encode(render_lists.vendor(world, vendor)), vendor.active)
        elif kind == "customer":
            customer = world.customers[number]
            self.tables["Customer"].put(str(number), customer.updated, encode(render_lists.customer(world, customer)), customer.active)
        elif kind == "item":
            item = world.items[number]
            self.tables["Item"].put(str(number), item.updated, encode(render_lists.item(world, item)), item.active)
        else:
            term = world.terms[number]
            self.tables["Term"].put(str(number), world.accounts[1].created, encode(render_lists.world_term(world, term)))
