"""What shows of the accounts behind one bank login: a feed of changes that only grows, and the balances beside it.

What is due when: `sandbox.plaid.bank`. Who may see how much of it: `sandbox.plaid.updates`.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_right
from typing import NamedTuple

from sandbox.plaid.items import ItemFacts
from sandbox.plaid.movements import Movement
from sandbox.seeds import stable_seed

# The vendor looks at a bank four times a day.
POLL_SECONDS = 6 * 3600
PENDING, DROPPED, POSTED, CORRECTED, TAKEN_BACK = range(5)
# Behind the key of a movement whose posted row the bank took back and wrote anew.
ANEW = "r"
DAY = 86_400


class Change(NamedTuple):
    """One step of a transaction. seen: when the vendor shows it, at: when the bank did it, both epoch seconds."""

    seen: int
    at: int
    key: str
    stage: int
    movement: Movement


class Feed:
    """The changes of one item up to now, in the order in which they showed, and those still to come."""

    def __init__(self, item: ItemFacts) -> None:
        self.number = item.number
        self.slots = item.slots
        self.changes: list[Change] = []
        self.coming: list[Change] = []
        self.cancelled: set[str] = set()
        # The accounts that have any transaction.
        self.used: set[int] = set()
        self._shown: set[str] = set()
        # The last list of net changes that was asked for, with what was asked; see sandbox.plaid.updates.
        self.last_net: tuple[object, list[tuple[str, int]]] | None = None
        # Changes as they were put on the wire; see sandbox.plaid.wire.
        self.bodies: dict[tuple[int, int, bool], bytes] = {}
        self._offset = stable_seed(item.seed, "poll", item.number) % POLL_SECONDS
        # Per change the posted and pending cents of each account after it, in one row.
        self._totals = array("q")
        self._now = [0] * (2 * len(item.slots))

    def poll_at(self, instant: int) -> int:
        """The vendor's last look at the bank up to `instant`."""
        return instant - (instant - self._offset) % POLL_SECONDS

    def schedule(self, change: Change) -> None:
        heapq.heappush(self.coming, change)

    def advance(self, now: int) -> None:
        """Shows what is due."""
        while self.coming and self.coming[0].seen <= now:
            change = heapq.heappop(self.coming)
            if change.key in self.cancelled:
                continue
            self._count(self._now, change)
            self.changes.append(change)
            self.used.add(change.movement.slot)
            if change.stage == POSTED:
                self._shown.add(change.key)
            elif change.stage == TAKEN_BACK:
                self._shown.discard(change.key)
            self._totals.extend(self._now)

    def has_shown(self, key: str) -> bool:
        """Whether a movement's posted row is there."""
        return key in self._shown

    def totals(self, at: int, *, is_live: bool) -> dict[int, tuple[int, int]]:
        """(posted, pending) cents per account at an instant, by the vendor's last look or, live, by the bank itself."""
        place, width = bisect_right(self.changes, at, key=lambda change: change.seen), 2 * len(self.slots)
        row = list(self._totals[(place - 1) * width : place * width]) if place else [0] * width
        if is_live:
            for change in (*self.changes[place:], *self.coming):
                if change.at <= at and change.key not in self.cancelled:
                    self._count(row, change)
        return {slot: (row[2 * position], row[2 * position + 1]) for position, slot in enumerate(self.slots)}

    def _count(self, row: list[int], change: Change) -> None:
        place = 2 * self.slots.index(change.movement.slot)
        if change.stage == POSTED:
            row[place] += change.movement.amount
        elif change.stage == TAKEN_BACK:
            row[place] -= change.movement.amount
        elif change.stage == PENDING:
            row[place + 1] += pending_amount(change.movement)
        elif change.stage == DROPPED:
            row[place + 1] -= pending_amount(change.movement)

    def seen(self, at: int) -> int:
        """The first look of the vendor that finds what the bank did at `at`."""
        looked = self.poll_at(at)
        return looked if looked == at else looked + POLL_SECONDS


def pending_amount(movement: Movement) -> int:
    """What a pending row says: a pump asks for a dollar, a restaurant for the bill without the tip, others for all."""
    if movement.released_at:
        return movement.amount
    kind = movement.words.category[1]
    if kind == "TRANSPORTATION_GAS":
        return 100
    return movement.amount * 100 // 118 if kind == "FOOD_AND_DRINK_RESTAURANT" else movement.amount
