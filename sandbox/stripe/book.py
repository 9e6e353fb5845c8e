"""One Stripe account as it comes to be: an agenda of acts in order of time, and the tables they write.

What the world did is read from its notes (`world.billing`, `world.reality`); what follows from it is put on the agenda, at
instants and by chances that depend on event and seed alone, so that it is the same however time moved on. The acts
themselves: `sandbox.stripe.acts`. No HTTP.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.seeds import derived_secret, stable_seed
from sandbox.stripe.entities import ACCOUNT_VERSION, TABLES
from sandbox.stripe.table import Table, Version
from sandbox.world.billing import Billing
from sandbox.world.model import World

Act = Callable[..., None]
TOLD_TWICE_SHARE = 0.01
# In this order at one instant. What somebody told the sandbox to do at an instant already reached comes last, by number of
# the operation: so a book that is written anew from the beginning has it in the same place.
_AFTERWARDS, _BILLING, _MONEY, _TOLD = range(4)


class Book:
    """The account's tables and what must be known to write them on. All amounts in cents."""

    def __init__(self, account_id: str, world: World, acts: dict[str, Act]) -> None:
        self.account_id = account_id
        self.world = world
        self.seed = world.business.seed
        self.acts = acts
        self.now = 0
        self.tables: dict[str, Table] = {name: Table(name) for name in TABLES}
        self.available = self.pending = 0
        self.agenda: list[tuple[int, int, int, str, tuple[Any, ...]]] = []
        self._agreed = self._billing = self._money = self._told = 0
        # Ledger ids to ids here: invoices, customers; happenings to charges.
        self.invoice_of: dict[int, str] = {}
        self.customer_of: dict[int, str] = {}
        self.charge_of: dict[int, str] = {}
        self.payout_of: dict[int, str] = {}
        self.applied: dict[int, list[Billing]] = defaultdict(list)
        self.lines_of: dict[str, list[str]] = {}
        self.transactions_of: dict[str, list[str]] = {}
        # Balance transactions that no payout has paid out yet, oldest first, and what the others are paid out by.
        self.held: dict[str, None] = {}
        self.paid_out_by: dict[str, str] = {}
        self.entered: dict[int, int] = defaultdict(int)

    def catch_up(self, world: World, now: int, operations: list[dict[str, Any]]) -> None:
        """Brings the account to `now`; the world must be there already."""
        for step in world.billing[self._billing :]:
            rank, number = (_BILLING, self._billing) if step.told < 0 else (_TOLD, step.told)
            heapq.heappush(self.agenda, (step.at, rank, number, step.kind, (step,)))
            self._billing += 1
        for happening in world.reality[self._money :]:
            if happening.channel == "stripe":
                heapq.heappush(self.agenda, (happening.at, _MONEY, self._money, happening.kind, (happening,)))
            self._money += 1
        for operation in operations[self._told :]:
            kind = operation["operation"]
            if kind in ("touch", "stripe_late") and operation.get("realm", world.business.realm) == world.business.realm:
                heapq.heappush(self.agenda, (operation["at"], _TOLD, self._told, kind, (operation, self._told)))
            self._told += 1
        while self.agenda and self.agenda[0][0] <= now:
            self.now, _, _, act, arguments = heapq.heappop(self.agenda)
            held = self.available, self.pending
            self.acts[act](self, *arguments)
            if (self.available, self.pending) != held:
                self.put("balances", {"available": self.available, "pending": self.pending, "created": self.now}, id="1")
        self.now = now

    def plan(self, at: int, act: str, *arguments: Any) -> None:
        """Puts an act on the agenda, at `at` or now if that has passed."""
        self._agreed += 1
        heapq.heappush(self.agenda, (max(at, self.now), _AFTERWARDS, self._agreed, act, arguments))

    def chance(self, *what: object) -> float:
        """A number from 0 to 1 that depends on the account's seed and `what` alone."""
        return stable_seed(self.seed, "stripe", *what) % 1_000_000 / 1_000_000

    def pick(self, low: int, high: int, *what: object) -> int:
        """A whole number from `low` to `high`, as `chance`."""
        return low + stable_seed(self.seed, "stripe", *what) % (high - low + 1)

    def id(self, prefix: str, *what: object) -> str:
        """An id as Stripe makes them, of what it is the id of."""
        length = 14 if prefix == "cus" else 24
        return f"{prefix}_{derived_secret(length, self.seed, 'stripe id', prefix, *what)}"

    def state(self, table: str, id: str) -> dict[str, Any]:
        """The present fields of an object; KeyError for one there is not (any more)."""
        return self.tables[table].current[id].state

    def present(self, table: str) -> Iterator[dict[str, Any]]:
        """The present fields of every object of a table."""
        return (version.state for version in self.tables[table].current.values())

    def entered_again(self, customer: int) -> int:
        """How often a customer of the ledger was entered here before."""
        self.entered[customer] += 1
        return self.entered[customer]

    def holds(self, table: str, id: str) -> bool:
        return id in self.tables[table].current

    def put(self, table: str, state: dict[str, Any], *events: str, id: str = "") -> Version:
        """Adds a version of an object and an event of each type about it."""
        held = self.tables[table].current.get(id or state["id"])
        version = self.tables[table].put(state, self.now, id)
        for event in events:
            self.tell(event, table, version, held)
        return version

    def change(self, table: str, id: str, *events: str, **fields: Any) -> Version:
        """Adds a version that differs in `fields`."""
        return self.put(table, {**self.state(table, id), **fields}, *events)

    def tell(self, event: str, table: str, version: Version, before: Version | None = None, at: int | None = None) -> None:
        """Adds an event about a version; one of an update also knows the version before. Seldom, as Stripe warns, it comes twice."""
        id = self.id("evt", event, table, version.id, version.number)
        state = {
            "id": id,
            "created": self.now if at is None else at,
            "type": event,
            "api_version": ACCOUNT_VERSION,
            "_table": table,
            "_version": version,
            "_before": before if event.endswith(".updated") else None,
        }
        self.tables["events"].put(state, self.now)
        if self.chance("told twice", id) < TOLD_TWICE_SHARE:
            self.tables["events"].put({**state, "id": self.id("evt", id, "again")}, self.now)
