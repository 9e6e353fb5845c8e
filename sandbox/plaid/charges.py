"""What passes through a bank and no bookkeeper enters: the monthly fee, interest on savings, two equal wire fees on one day, and
now and then the payout of a card processor of which the business's own account there knows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sandbox.plaid.descriptors import FEES, INTEREST, Wording, processor_payout
from sandbox.plaid.items import CHECKING, SAVINGS
from sandbox.plaid.movements import Movement, posting_time
from sandbox.seeds import stable_seed
from sandbox.world.bankdays import bank_day, last_bank_day
from sandbox.world.model import World

# What a movement's key begins with that looks like a card processor's payout and is none of the business's own.
STRAY = "stray-"


def of_month(world: World, month: date) -> Iterator[Movement]:
    """The bank's own movements of the month that begins on `month`, as far as they fall after the business's first day."""
    seed, key = stable_seed(world.business.seed, "charges"), month.strftime("%Y-%m")
    last = last_bank_day(month.year, month.month)
    fee = (1200, 1500, 1800, 2500, 3500)[seed % 5]
    found = [_own(world, f"fee-{key}", CHECKING, fee, last, Wording("MONTHLY SERVICE FEE", FEES))]
    interest = stable_seed(seed, "interest", key) % 4500 + 75
    found.append(_own(world, f"interest-{key}", SAVINGS, -interest, last, Wording("INTEREST PAYMENT", INTEREST)))
    draw = stable_seed(seed, "wires", key)
    if draw % 5 < 2:
        on = bank_day(month.replace(day=5 + draw % 18))
        # Two wires came in that day: equal rows, both right.
        found += [_own(world, f"wire-{key}-{n}", CHECKING, 1500, on, Wording("INCOMING WIRE FEE", FEES)) for n in (1, 2)]
    if draw >> 8 and (draw >> 8) % 9 == 0:
        on = bank_day(month.replace(day=8 + (draw >> 16) % 15))
        found.append(_own(world, f"{STRAY}{key}", CHECKING, -(4_000 + (draw >> 24) % 90_000), on, processor_payout(draw >> 40)))
    assert world.start is not None
    yield from (movement for movement in found if movement.on > world.start)


def _own(world: World, key: str, slot: int, amount: int, on: date, wording: Wording) -> Movement:
    return Movement(key, slot, amount, posting_time(world, on, stable_seed(key)), on, on, wording)
