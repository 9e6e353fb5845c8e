"""What really happened with a business's money, noted when it happens and never changed by later edits of the ledger.

The ledger is people's record of it; bank, bill payment and card processor have their own, derived from here. Which way a
payment takes is a fact of the business, drawn from its seed and not from the world's dice, so that it moves nothing else.
No rail's wire format: `sandbox/<rail>/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from sandbox.seeds import stable_seed
from sandbox.world.model import Doc, Mistake, World

Kind = Literal["paid_bill", "bought", "received", "sold", "refunded", "deposited", "paid_out", "moved", "posted", "returned"]
Channel = Literal["ramp", "ramp_card", "card", "check", "cash", "ach", "drawer", "stripe", "bank"]


# Share of the checks to vendors that are entered in the ledger and never sent.
UNSENT_CHECKS = 0.008


@dataclass(frozen=True, slots=True)
class Happening:
    """One movement of money. amount in cents, positive; which way follows from kind.

    number: from 1 in order of happening. on: the business's own date; at: epoch seconds. account: the ledger account (its id)
    that it went from or to. other_account: of a move between own accounts, where it went to. party: the vendor or customer as
    one identity (the earlier entry where somebody entered it twice), party_name as it was called then. doc_kind, doc_id: the
    ledger's document. parts: (number, cents) of the happenings in a deposit or payout, of the payment in a returned one; which
    bills a payment settled is in `sandbox.world.papers`. fee: what a processor kept of a payout, in cents.
    """

    number: int
    kind: Kind
    channel: Channel
    at: int
    on: date
    amount: int
    account: int
    party: int
    party_name: str
    doc_kind: str
    doc_id: int
    doc_number: str = ""
    memo: str = ""
    other_account: int = 0
    parts: tuple[tuple[int, int], ...] = ()
    fee: int = 0


def vendor_is_on_ramp(world: World, vendor_id: int) -> bool:
    """Whether this vendor's bills are entered, approved and paid in Ramp: six in ten are."""
    return vendor_id in world.vendors and _share(world, "ramp vendor", vendor_id) < 0.6


def pays_by_stripe(world: World, customer_id: int) -> bool:
    """Whether this customer pays invoices by card or bank debit through Stripe: four in ten do."""
    return _share(world, "stripe customer", customer_id) < 0.4


def stripe_fee(cents: int) -> int:
    """What Stripe keeps of a card charge: 2.9 % and 30 cents, half up."""
    return (cents * 29 + 500) // 1000 + 30


def happened(world: World, doc: Doc) -> None:
    """Notes the movement of money that a new document records; papers without one, and second entries of one paper, are none."""
    if doc.same_as or doc.total <= 0 or (found := _kind_and_channel(world, doc)) is None or (doc.kind, doc.id) in world.reality_of:
        return
    kind, channel = found
    if (kind, channel) == ("paid_bill", "check") and _share(world, "unsent check", doc.id) < UNSENT_CHECKS:
        # Entered and printed, and it still lies in a drawer.
        world.mistakes.append(Mistake("paid_without_money", "H33", "bill_payment", doc.id))
    elif kind == "posted":
        _posted(world, doc)
    else:
        note(world, kind, channel, doc, doc.total, doc.money)


def note(
    world: World,
    kind: Kind,
    channel: Channel,
    doc: Doc,
    amount: int,
    account: int,
    *,
    other_account: int = 0,
    parts: tuple[tuple[int, int], ...] = (),
    fee: int = 0,
) -> Happening:
    """Adds one happening at the world's instant."""
    party = world.party_of(doc)
    made = Happening(
        len(world.reality) + 1,
        kind,
        channel,
        world.now,
        doc.on,
        amount,
        account,
        (party.same_as or party.id) if party else 0,
        party.name if party else "",
        doc.kind,
        doc.id,
        doc.number,
        doc.memo,
        other_account,
        parts,
        fee,
    )
    world.reality.append(made)
    world.reality_of[doc.kind, doc.id] = made.number
    return made


def _kind_and_channel(world: World, doc: Doc) -> tuple[Kind, Channel] | None:
    chart = world.chart
    if doc.kind == "bill_payment":
        # What Ramp pays out of the bank is noted when it is sent (`sandbox.world.remitting`), its card here.
        if doc.method == "card":
            return "paid_bill", "ramp" if vendor_is_on_ramp(world, doc.party) else "card"
        return "paid_bill", "check"
    if doc.kind == "purchase":
        if doc.method == "card":
            return "bought", "ramp_card" if doc.money == chart["Mastercard"] else "card"
        return "bought", "check" if doc.method == "check" else "cash"
    if doc.kind == "payment":
        if doc.method == "stripe":
            return "received", "stripe"
        return "received", "drawer" if doc.money == chart["Undeposited Funds"] else "ach"
    if doc.kind == "sales_receipt":
        return "sold", "drawer"
    if doc.kind == "refund_receipt":
        return "refunded", "bank"
    return ("posted", "bank") if doc.kind in ("transfer", "journal_entry") else None


def _posted(world: World, doc: Doc) -> None:
    """A transfer, or what a manual posting moves on the bank accounts; without a bank account it moved nothing."""
    banks = [line for line in doc.lines if world.accounts[line.account].kind in ("bank", "card") and line.amount]
    if doc.kind == "transfer" and len(banks) == 2:
        source, target = sorted(banks, key=lambda line: line.amount)
        note(world, "moved", "bank", doc, target.amount, source.account, other_account=target.account)
        return
    for line in banks:
        note(world, "posted" if line.amount < 0 else "received", "bank", doc, abs(line.amount), line.account)


def _share(world: World, what: str, number: int) -> float:
    return stable_seed(world.business.seed, what, number) % 10_000 / 10_000
