"""When Stripe's money moves: business days, and on which day a payout really reaches the bank.

Functions of the happening and the business's seed alone, so that the bank's view and Stripe's agree without knowing each other.
"""

from __future__ import annotations

from datetime import date, timedelta

from sandbox.seeds import stable_seed
from sandbox.world.bankdays import bank_day, is_bank_day
from sandbox.world.model import World
from sandbox.world.reality import Happening

FAILED_SHARE = 0.03
# Payouts that the bank holds back for a review, of which Stripe knows nothing.
HELD_SHARE, HELD_FOR = 0.015, 7
# Stripe says up to five business days; the bank's return takes two here, the next attempt one more.
RETURNED_AFTER, RETRIED_AFTER = 2, 1


def business_days_after(day: date, count: int) -> date:
    """The day `count` bank days after `day`."""
    return bank_day(day, count)


def business_days_before(day: date, count: int) -> date:
    """The day `count` bank days before `day`."""
    while count:
        day -= timedelta(days=1)
        count -= is_bank_day(day)
    return day


def first_arrival(payout: Happening) -> date:
    """When the first attempt of a payout is due at the bank: the next bank day."""
    return business_days_after(payout.on, 1)


def fails_at_first(world: World, payout: Happening) -> bool:
    """Whether the bank returns the first attempt of a payout, so that Stripe pays it out again."""
    return stable_seed(world.business.seed, "payout fails", payout.number) % 10_000 < FAILED_SHARE * 10_000


def returned_on(payout: Happening) -> date:
    """The day on which the bank returns a first attempt that fails."""
    return business_days_after(first_arrival(payout), RETURNED_AFTER)


def retried_on(payout: Happening) -> date:
    """The day of the second attempt of a payout whose first one came back."""
    return business_days_after(returned_on(payout), RETRIED_AFTER)


def arrives_on(world: World, payout: Happening) -> date:
    """The day on which the money of a `paid_out` happening is in the bank to stay."""
    return business_days_after(retried_on(payout), 1) if fails_at_first(world, payout) else first_arrival(payout)


def credited_on(world: World, payout: Happening) -> date:
    """The day on which the bank shows it: when Stripe says that it arrives, seldom seven bank days later."""
    is_held = stable_seed(world.business.seed, "payout held", payout.number) % 10_000 < HELD_SHARE * 10_000
    return business_days_after(arrives_on(world, payout), HELD_FOR if is_held else 0)
