"""A business's bank accounts as they become visible: per item a feed of changes that only grows, and the balances beside it.

The feed follows from what happened and from the seed, in whatever steps time moved on: a change is due at an instant fixed
when its cause happened, and what happens later is due later. Who may see how much of it: `sandbox.plaid.updates`.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from datetime import date, datetime
from typing import NamedTuple

from sandbox.plaid import charges
from sandbox.plaid.items import CHECKING, SAVINGS, SLOTS, ItemFacts
from sandbox.plaid.movements import Movement, movements
from sandbox.seeds import stable_seed
from sandbox.world.model import World
from sandbox.world.reality import Happening

# The vendor looks at a bank four times a day.
POLL_SECONDS = 6 * 3600
PENDING, DROPPED, POSTED, CORRECTED = range(4)
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
            self._totals.extend(self._now)

    def has_shown(self, key: str) -> bool:
        """Whether a movement's posted row is among the changes."""
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
        elif change.stage == PENDING:
            row[place + 1] += pending_amount(change.movement)
        elif change.stage == DROPPED:
            row[place + 1] -= pending_amount(change.movement)

    def seen(self, at: int) -> int:
        """The first look of the vendor that finds what the bank did at `at`."""
        looked = self.poll_at(at)
        return looked if looked == at else looked + POLL_SECONDS


class Bank:
    """All bank accounts of one business."""

    def __init__(self, world: World, items: tuple[ItemFacts, ...]) -> None:
        self._world = world
        self.feeds = {item.number: Feed(item) for item in items}
        self._feed_of = {slot: feed for feed in self.feeds.values() for slot in feed.slots}
        self._read = 0
        self._movement_of: dict[int, Movement] = {}
        self._month: date | None = None
        entry = world.docs["journal_entry"][world.opening_entry]
        held = {line.account: line.amount for line in entry.lines}
        # Opening balances are no transaction: the accounts are older than the books.
        self.opening = {slot: held.get(world.chart[SLOTS[slot]], 0) if slot in (CHECKING, SAVINGS) else 0 for slot in range(len(SLOTS))}

    def catch_up(self, now: int) -> None:
        """Takes in what happened since the last call and shows what is due."""
        happened = self._world.reality[self._read :]
        self._read = len(self._world.reality)
        returned = {event.number: event for event in happened if event.kind == "returned"}
        for movement in movements(self._world, happened):
            if not movement.events or movement.events[0] not in returned:
                for number in movement.events:
                    self._movement_of[number] = movement
                self._schedule(movement)
        # After all others: a payment and its return may have happened since the last call.
        for movement in movements(self._world, list(returned.values())):
            self._give_back(movement, returned[movement.events[0]])
        self._charge(now)
        for feed in self.feeds.values():
            feed.advance(now)

    def movement_of(self, event: int) -> Movement | None:
        """The movement that a happening is part of, if it passes through the bank."""
        return self._movement_of.get(event)

    def _give_back(self, movement: Movement, event: Happening) -> None:
        """A payment came back; a check that nobody had presented is stopped instead."""
        original = event.parts[0][0]
        paid = self._movement_of.get(original)
        if paid is None:
            return
        if paid.at > event.at and event.channel == "check":
            self._feed_of[paid.slot].cancelled.add(paid.key)
            del self._movement_of[original]
            return
        self._movement_of[event.number] = movement
        self._schedule(movement)

    def _charge(self, now: int) -> None:
        """Schedules the bank's own fees and interest, month by month, ahead of time."""
        assert self._world.start is not None
        month = self._month or self._world.start.replace(day=1)
        today = datetime.fromtimestamp(now, self._world.zone).date()
        while month <= today:
            for movement in charges.of_month(self._world, month):
                self._schedule(movement)
            month = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        self._month = month

    def _schedule(self, movement: Movement) -> None:
        feed = self._feed_of[movement.slot]
        for change in _steps(feed, movement):
            feed.schedule(change)


def _steps(feed: Feed, movement: Movement) -> Iterator[Change]:
    """The steps in which a movement shows: pending, dropped and posted, now and then corrected days later."""
    draw = stable_seed(feed.number, movement.key, movement.amount)
    key, posted = movement.key, feed.seen(movement.at)
    if movement.released_at:
        yield Change(feed.seen(movement.pending_at), movement.pending_at, key, PENDING, movement)
        yield Change(feed.seen(movement.released_at), movement.released_at, key, DROPPED, movement)
        return
    if movement.pending_at and feed.seen(movement.pending_at) < posted:
        yield Change(feed.seen(movement.pending_at), movement.pending_at, key, PENDING, movement)
        # One in eight posted rows comes a look later than its pending row goes, or the other way round.
        late = {0: (0, POLL_SECONDS), 1: (POLL_SECONDS, 0)}.get(draw % 16, (0, 0))
        yield Change(posted + late[0], movement.at, key, DROPPED, movement)
        posted += late[1]
    yield Change(posted, movement.at, key, POSTED, movement)
    if draw % 25 == 0:
        days = 1 + (draw >> 8) % 5
        yield Change(posted + days * DAY, movement.at + days * DAY, key, CORRECTED, movement)


def pending_amount(movement: Movement) -> int:
    """What a pending row says: a pump asks for a dollar, a restaurant for the bill without the tip, others for all."""
    if movement.released_at:
        return movement.amount
    kind = movement.words.category[1]
    if kind == "TRANSPORTATION_GAS":
        return 100
    return movement.amount * 100 // 118 if kind == "FOOD_AND_DRINK_RESTAURANT" else movement.amount
