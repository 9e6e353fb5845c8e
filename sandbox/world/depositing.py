"""The way of the money from the drawer to the bank: deposits, card processors' payouts, and how these are booked.

On which days payouts move: `sandbox.world.payouts`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from sandbox.seeds import stable_seed
from sandbox.world import acts
from sandbox.world.books import add, touch
from sandbox.world.model import Doc, Line, Link, Mistake, World
from sandbox.world.payouts import business_days_before
from sandbox.world.reality import note, stripe_fee


def bank_deposit(world: World) -> None:
    """Takes to the bank what lies in undeposited funds, linking each receipt."""
    receipts = [doc for kind in ("payment", "sales_receipt") for doc in acts.open_documents(world, kind) if acts.is_in_drawer(world, doc)]
    receipts = [doc for doc in receipts if doc.method != "stripe"]
    if receipts:
        made = _enter_deposit(world, _deposit_of(world, receipts, []), receipts)
        note(world, "deposited", "bank", made, made.total, made.money, parts=_parts(world, receipts))


def stripe_payout(world: World) -> None:
    """Stripe pays out what was charged two working days ago or earlier, less its fees; the bookkeeper enters a deposit with a fee line."""
    before = business_days_before(acts.world_date(world), 2)
    receipts = [doc for doc in acts.open_documents(world, "payment") if doc.method == "stripe" and acts.is_in_drawer(world, doc)]
    receipts = [doc for doc in receipts if doc.on <= before and (doc.kind, doc.id) not in world.promised]
    if not receipts:
        return
    fee = sum(stripe_fee(doc.total) for doc in receipts)
    made = _deposit_of(world, receipts, [Line(world.chart["Bank Charges"], -fee, "Stripe fees")])
    made.id = world.next_id("deposit")
    note(world, "paid_out", "stripe", made, made.total, made.money, parts=_parts(world, receipts), fee=fee)
    habit = booking_of(world, made.id)
    if habit == "late":
        world.promised.update((doc.kind, doc.id) for doc in receipts)
        world.unbooked[made.id] = made, receipts
        acts.plan(world, made.on + timedelta(days=10 + made.id % 22), "book_payout", made.id)
        return
    _enter_deposit(world, made, receipts)
    if habit == "twice":
        acts.plan(world, made.on + timedelta(days=3 + made.id % 6), "book_payout_again", made.id)


def booking_of(world: World, deposit: int) -> Literal["at once", "late", "twice"]:
    """How a bookkeeper deals with a payout: one in twenty is entered weeks late, three in a hundred twice."""
    draw = stable_seed(world.business.seed, "payout booking", deposit) % 1000
    return "late" if draw < 50 else "twice" if draw < 80 else "at once"


def book_payout(world: World, deposit: int) -> None:
    """Somebody finds the payout on the bank statement and enters it, under the date of then."""
    made, receipts = world.unbooked.pop(deposit)
    world.promised.difference_update((doc.kind, doc.id) for doc in receipts)
    _enter_deposit(world, made, receipts)


def book_payout_again(world: World, deposit: int) -> None:
    """Somebody else sees the payout in the bank's list and enters it as a sale."""
    first = world.docs["deposit"].get(deposit)
    if first is None or first.is_void:
        return
    lines = [Line(world.chart[world.business.industry.income[0]], first.total, "Card sales")]
    made = Doc("deposit", 0, acts.world_date(world), lines=lines, total=first.total, money=first.money, same_as=first.id)
    add(world, made)
    world.mistakes.append(Mistake("payout_booked_twice", "H36", "deposit", made.id))


def _parts(world: World, receipts: list[Doc]) -> tuple[tuple[int, int], ...]:
    return tuple((world.reality_of[doc.kind, doc.id], doc.total) for doc in receipts if (doc.kind, doc.id) in world.reality_of)


def _deposit_of(world: World, receipts: list[Doc], kept: list[Line]) -> Doc:
    """The deposit that takes receipts to the bank, less what was kept; not entered yet."""
    lines = [Line(doc.money, doc.total) for doc in receipts] + kept
    links = [Link(doc.kind, doc.id, doc.total) for doc in receipts]
    made = Doc("deposit", 0, acts.world_date(world), lines=lines, links=links, money=world.chart["Checking"])
    made.total = sum(line.amount for line in lines)
    return made


def _enter_deposit(world: World, made: Doc, receipts: list[Doc]) -> Doc:
    add(world, made)
    for doc in receipts:
        doc.links.append(Link("deposit", made.id, doc.total))
        touch(world, doc, is_edit=False)
    return made
