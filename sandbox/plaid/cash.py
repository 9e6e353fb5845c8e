"""The cash of a business by its bank and by its ledger, now and on earlier days: what the truth table `balances` compares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta

from sandbox.hub import Hub
from sandbox.plaid.items import CHECKING, SAVINGS
from sandbox.plaid.office import office_of
from sandbox.world.model import World


def bank_cash(hub: Hub, business_id: str) -> int:
    """Cents that can be disposed of on checking and savings, by the vendor's last look: what is posted less what is pending."""
    bank = office_of(hub).bank(business_id)
    return sum(
        bank.opening[slot] - posted - max(0, pending)
        for feed in bank.feeds.values()
        for slot, (posted, pending) in feed.totals(hub.now, is_live=False).items()
        if slot in (CHECKING, SAVINGS)
    )


def at_the_end_of(hub: Hub, business_id: str, days: Iterable[date]) -> Iterator[int]:
    """Cents posted on checking and savings when each of `days`, in order, was over, by the bank itself."""
    world, bank = hub.world(business_id), office_of(hub).bank(business_id)
    steps = sorted(bank.posted_cash())
    cents, place = bank.opening[CHECKING] + bank.opening[SAVINGS], 0
    for day in days:
        end = min(_midnight(world, day + timedelta(days=1)), hub.now + 1)
        while place < len(steps) and steps[place][0] < end:
            cents -= steps[place][1]
            place += 1
        yield cents


def _midnight(world: World, day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=world.zone).timestamp())
