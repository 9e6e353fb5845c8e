"""Bills paid through the bill payment service: the money leaves on one day, arrives bank days later, and is booked only then.

What becomes of a payment on its way follows from the business's seed and the payment's number alone, so that every view of
it agrees without asking. What that service shows of it: `sandbox.ramp.bills`; what the bank does: `sandbox.plaid.movements`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sandbox.seeds import stable_seed
from sandbox.world import acts, papers
from sandbox.world.bankdays import bank_day
from sandbox.world.books import add, apply
from sandbox.world.model import Doc, Mistake, World
from sandbox.world.reality import Happening, note

Fate = Literal["booked", "failed", "paid_twice", "forgotten"]
# Shares of the payments. failed: the vendor's bank sends the money back. paid_twice: somebody writes a check meanwhile.
# forgotten: nobody enters it in the ledger for weeks.
FAILED, PAID_TWICE, FORGOTTEN = 0.02, 0.02, 0.03
# Of all payments, those for which the service gets the money out of the business's own bank only weeks later.
DRAWN_LATE, LATE_BANK_DAYS = 0.03, 14


@dataclass(frozen=True, slots=True)
class Remittance:
    """A payment on its way. payment: the ledger's document to be, its id taken already; settles: (document, cents) in order."""

    payment: Doc
    settles: tuple[tuple[Doc, int], ...]
    arrives: int


def fate_of(world: World, payment: int) -> Fate:
    """What becomes of a payment, by the id it has or would have in the ledger."""
    draw = _share(world, "fate", payment)
    if draw < FAILED:
        return "failed"
    if draw < FAILED + PAID_TWICE:
        return "paid_twice"
    return "forgotten" if draw < FAILED + PAID_TWICE + FORGOTTEN else "booked"


def drawn_after(world: World, payment: int) -> int:
    """After how many bank days the business's bank is debited for a payment: the next one, seldom LATE_BANK_DAYS later."""
    is_late = fate_of(world, payment) == "booked" and _share(world, "drawn late", payment) < DRAWN_LATE
    return LATE_BANK_DAYS if is_late else 1


def draw_of(world: World, event: Happening) -> str:
    """What names the debit that a payment is part of: the service draws all payments of one run at once."""
    return f"bills {event.at} {drawn_after(world, event.doc_id)}"


def release(world: World, payment: Doc, settles: list[tuple[Doc, int]]) -> None:
    """Hands bills over for payment: the money is on its way, the ledger knows nothing yet and must not pay them again."""
    payment.id = world.next_id("bill_payment")
    fate, today = fate_of(world, payment.id), acts.world_date(world)
    draw = stable_seed(world.business.seed, "arrives", payment.id)
    on = bank_day(today, 3 if fate == "paid_twice" else 1 + draw % 3)
    # In the morning, and never to the second at which something else is done.
    arrives = int(datetime(on.year, on.month, on.day, 9, tzinfo=world.zone).timestamp()) + (draw >> 8) % 10_000
    world.remittances[payment.id] = Remittance(payment, tuple(settles), arrives)
    world.promised.update((doc.kind, doc.id) for doc, _ in settles)
    note(world, "paid_bill", "ramp", payment, payment.total, payment.money)
    for doc, cents in settles:
        papers.released(world, doc, payment, cents, arrives)
    acts.plan(world, on, "remittance", payment.id)
    if fate == "paid_twice":
        acts.plan(world, today + timedelta(days=1), "second_payment", payment.id)


def arrival(world: World, payment: int) -> tuple[int, Callable[[World, int], None]]:
    """When a payment on its way arrives, or comes back just then, and what happens; the ledger is told within the hour."""
    arrives = world.remittances[payment].arrives
    return (arrives, fail) if fate_of(world, payment) == "failed" else (arrives + 600 + payment * 37 % 2100, arrive)


def arrive(world: World, payment: int) -> None:
    """The payment has arrived, minutes ago: it is booked, or whatever else becomes of it."""
    fate = fate_of(world, payment)
    if fate == "forgotten":
        acts.plan(world, acts.world_date(world) + timedelta(days=12 + payment % 18), "late_booking", payment)
    elif fate == "paid_twice":
        _lift(world, world.remittances[payment])
        acts.plan(world, acts.world_date(world) + timedelta(days=20 + payment % 25), "given_back", payment)
    else:
        book(world, payment)


def fail(world: World, payment: int) -> None:
    """The vendor's bank does not take the money: the bills are to be paid again."""
    sent = world.remittances.pop(payment)
    _lift(world, sent)
    original = world.reality[world.reality_of["bill_payment", payment] - 1]
    note(world, "returned", "ramp", sent.payment, original.amount, original.account, parts=((original.number, original.amount),))
    for doc, _ in sent.settles:
        if doc.kind == "bill":
            acts.plan(world, acts.world_date(world) + timedelta(days=2), "pay_bill", doc.id)


def book(world: World, payment: int) -> None:
    """Enters the payment in the ledger, under the date on which it was sent."""
    sent = world.remittances.pop(payment)
    _lift(world, sent)
    # Two vendors may have been merged meanwhile.
    sent.payment.party = sent.settles[0][0].party
    add(world, sent.payment)
    for doc, cents in sent.settles:
        apply(world, sent.payment, doc, cents)


def pay_again(world: World, payment: int) -> None:
    """Somebody does not know that the bills are being paid and writes a check for them."""
    sent = world.remittances[payment]
    bills = [doc for doc, _ in sent.settles if doc.kind == "bill"]
    total = sum(bill.balance for bill in bills)
    check = Doc("bill_payment", 0, acts.world_date(world), party=bills[0].party, total=total, money=world.chart["Checking"], method="check")
    check.number = world.next_number("check", 1201)
    add(world, check)
    for bill in bills:
        world.mistakes.append(Mistake("paid_twice", "H29", "bill", bill.id))
        apply(world, check, bill, bill.balance)


def give_back(world: World, payment: int) -> None:
    """The vendor noticed that it was paid twice and sends the money back; neither way is in the ledger."""
    sent = world.remittances.pop(payment)
    original = world.reality[world.reality_of["bill_payment", payment] - 1]
    note(world, "received", "ach", sent.payment, original.amount, original.account)


def _lift(world: World, sent: Remittance) -> None:
    """Documents that were promised to a payment can be edited and paid again."""
    world.promised.difference_update((doc.kind, doc.id) for doc, _ in sent.settles)


def _share(world: World, what: str, payment: int) -> float:
    return stable_seed(world.business.seed, "remittance", what, payment) % 10_000 / 10_000
