"""One business's side of Ramp: its records, and what happens to them up to an instant, in order of time.

What happens comes from the world (papers, money) and from Ramp itself (approvals, clearing, statements), through one queue,
so that it is the same in whatever steps time moves on. What each event does: `sandbox.ramp.bills`, `paying` and `cards`.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from sandbox.ramp import render, render_cards, render_company
from sandbox.ramp.facts import Bill, Draft, Statement, Vendor
from sandbox.ramp.shelf import Shelf
from sandbox.ramp.wire import ramp_id, share
from sandbox.seeds import seeded_dice
from sandbox.state import Memory
from sandbox.world.model import World
from sandbox.world.papers import BillReceived, BillReleased, BillSettled
from sandbox.world.reality import Happening

Act = Callable[..., object]
HOUR, DAY = 3600, 86_400
# Which of the things of one instant comes first.
PAPER, MONEY, SETTLED, OWN, ORDERED = range(5)


class Desk:
    """What Ramp knows of one business. number: the business's, from 0."""

    def __init__(self, world: World, number: int) -> None:
        self.world, self.number, self.seed = world, number, world.business.seed
        self.entity = ramp_id(self.seed, "entity", 0)
        self.now = 0
        self.shelves: dict[str, Shelf] = {
            "business": Shelf(lambda _: render_company.business(world)),
            "balances": Shelf(lambda _: self._balance()),
            "entities": Shelf(lambda number: render_company.entity(world, number)),
            "bills": Shelf(lambda bill: render.bill(world, bill)),
            "drafts": Shelf(lambda draft: render.draft(world, draft)),
            "vendors": Shelf(lambda vendor: render.vendor(world, vendor)),
            "vendor_accounts": Shelf(lambda account: render.account(world, account)),
            "transactions": Shelf(lambda transaction: render_cards.transaction(world, transaction)),
            "transfers": Shelf(lambda transfer: render_cards.transfer(world, transfer)),
            "reimbursements": Shelf(lambda reimbursement: render_cards.reimbursement(world, reimbursement)),
            "statements": Shelf(lambda statement: render_cards.statement(world, statement)),
        }
        self.papers: dict[int, BillReceived] = {}
        self.vendors: dict[int, Vendor] = {}
        self.bills: dict[int, Bill] = {}
        self.drafts: dict[int, Draft] = {}
        self.payments: dict[int, Happening] = {}
        self.parts: dict[int, list[tuple[int, int]]] = {}
        self.settled: dict[int, list[Bill]] = {}
        # Payments that Ramp makes; the ledger's later word on them is no news.
        self.released: set[int] = set()
        self.pulls: dict[str, int] = {}
        self.statements: list[Statement] = []
        self.card_cleared = self.card_pending = 0
        self.shelves["business"].put(ramp_id(self.seed, "business"), None)
        self.shelves["balances"].put("1", None)
        for which in range(2 if share(self.seed, "entities") < 0.2 else 1):
            self.shelves["entities"].put(ramp_id(self.seed, "entity", which), which)
        self._queue: list[tuple[int, int, str, int, Act, tuple[Any, ...]]] = []
        self._queued = 0
        self._papers = self._happenings = self._operations = 0

    def later(self, at: int, rank: int, key: str, act: Act, *arguments: Any) -> None:
        """Has `act(desk, at, *arguments)` happen at `at`; key tells apart what happens at one instant."""
        self._queued += 1
        heapq.heappush(self._queue, (at, rank, key, self._queued, act, arguments))

    def world_day(self, at: int) -> date:
        """The business's own date at an instant."""
        return datetime.fromtimestamp(at, self.world.zone).date()

    def changed(self, entity: str, id: str) -> None:
        """A record's content changed now."""
        self.shelves[entity].changed(id)

    def catch_up(self, memory: Memory) -> None:
        """Lets everything happen that happens up to the sandbox's present. The world must be there already."""
        from sandbox.ramp import bills, cards, paying

        world = self.world
        if self.now == 0:
            cards.first_statement(self)
        for paper in world.papers[self._papers :]:
            if isinstance(paper, BillReleased | BillSettled):
                paying.paper(self, paper)
            else:
                bills.paper(self, paper)
        for happening in world.reality[self._happenings :]:
            if happening.kind == "paid_bill":
                self.payments[happening.doc_id] = happening
            self.later(happening.at, MONEY, f"{happening.number:09d}", cards.money, happening)
        self._papers, self._happenings = len(world.papers), len(world.reality)
        for ordinal in range(self._operations, len(memory.operations)):
            self._order(memory.operations[ordinal], ordinal)
        self._operations = len(memory.operations)
        while self._queue and self._queue[0][0] <= memory.now:
            at, _, _, _, act, arguments = heapq.heappop(self._queue)
            act(self, at, *arguments)
        self.now = memory.now

    def is_behind(self, memory: Memory) -> bool:
        """Whether something happened that this desk has not seen, if only at the instant it stands at."""
        return self.now != memory.now or self._operations != len(memory.operations)

    def _order(self, operation: dict[str, Any], ordinal: int) -> None:
        if operation["operation"] == "touch":
            self.later(operation["at"], ORDERED, f"{ordinal:09d}", _touch, operation["share"], ordinal)
        elif operation["operation"] == "ramp_archive" and operation["number"] == self.number:
            self.later(operation["at"], ORDERED, f"{ordinal:09d}", _archive, operation["bill"])

    def _balance(self) -> bytes:
        limit = self.world.business.monthly_cents // 200 * 100
        last = self.statements[-1].ending if self.statements else 0
        return render_company.balance(self.card_cleared, self.card_pending, limit, last, self.now)

    def vendor_body(self, body: bytes, vendor: Vendor) -> bytes:
        """A vendor's JSON with its totals as of now."""
        return render.with_totals(body, vendor, datetime.fromtimestamp(self.now, UTC).date(), self.now)


def _touch(desk: Desk, at: int, part: float, ordinal: int) -> None:
    """Somebody goes through that share of bills and card transactions and notes it."""
    dice = seeded_dice(desk.seed, "ramp touch", ordinal)
    rows = [(entity, row) for entity in ("bills", "transactions") for row in desk.shelves[entity].rows.values()]
    for entity, row in dice.sample(rows, min(len(rows), max(1, round(part * len(rows))) if part > 0 else 0)):
        row.fact.memo = f"Reviewed {ordinal}-{dice.randint(1, 9999)}"
        if entity == "transactions":
            row.fact.updated = at
        desk.changed(entity, row.id)


def _archive(desk: Desk, at: int, id: str) -> None:
    row = desk.shelves["bills"].rows.get(id)
    if row is not None and not row.fact.archived:
        row.fact.archived = at
        desk.changed("bills", id)
