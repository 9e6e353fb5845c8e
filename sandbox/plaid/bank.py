"""A business's bank accounts as they become visible: what each thing that happened shows as, and when.

The feeds follow from what happened and from the seed, in whatever steps time moved on: a change is due at an instant fixed
when its cause happened, and what happens later is due later.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from sandbox.plaid import charges
from sandbox.plaid.feed import ANEW, CORRECTED, DAY, DROPPED, PENDING, POLL_SECONDS, POSTED, TAKEN_BACK, Change, Feed
from sandbox.plaid.items import CHECKING, SAVINGS, SLOTS, VISA, ItemFacts
from sandbox.plaid.movements import Movement, movements
from sandbox.seeds import stable_seed
from sandbox.world.model import World
from sandbox.world.reality import Happening


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

    def posted_cash(self) -> Iterator[tuple[int, int]]:
        """(instant, cents that left) of all that the bank posts on checking and savings, shown yet or not, in no order."""
        for feed in self.feeds.values():
            for change in (*feed.changes, *feed.coming):
                is_first = change.stage == POSTED and not change.key.endswith(ANEW)
                if is_first and change.movement.slot != VISA and change.key not in feed.cancelled:
                    yield change.at, change.movement.amount

    def _give_back(self, movement: Movement, event: Happening) -> None:
        """A payment came back; a check that nobody had presented is stopped instead."""
        original = event.parts[0][0]
        paid = self._movement_of.get(original)
        if paid is None:
            return
        if paid.at > event.at and event.channel == "check":
            self._feed_of[paid.slot].cancelled.update((paid.key, paid.key + ANEW))
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
    """The steps in which a movement shows: pending, dropped and posted, now and then corrected or written anew days later."""
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
    if (draw >> 16) % 70 == 0:
        # The bank takes its row back days later and writes it anew, under another id.
        later = (2 + (draw >> 24) % 9) * DAY
        yield Change(posted + later, movement.at + later, key, TAKEN_BACK, movement)
        again = replace(movement, key=key + ANEW, pending_at=0)
        yield Change(posted + later, movement.at + later, again.key, POSTED, again)
    elif draw % 25 == 0:
        days = 1 + (draw >> 8) % 5
        yield Change(posted + days * DAY, movement.at + days * DAY, key, CORRECTED, movement)
