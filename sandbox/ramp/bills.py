"""How a vendor's bill fares on Ramp until it is paid: drafted, entered, approved, linked to the ledger, archived.

Most bills come in when the ledger gets them; a few only when they are paid, and a few the ledger never gets. Paying:
`sandbox.ramp.paying`.
"""

from __future__ import annotations

from datetime import timedelta

from sandbox.ramp.desk import DAY, HOUR, OWN, PAPER, Desk
from sandbox.ramp.facts import Bill, Draft
from sandbox.ramp.vendors import vendor_of
from sandbox.ramp.wire import ramp_id, share
from sandbox.world.papers import BillReceived, BillWithdrawn
from sandbox.world.reality import vendor_is_on_ramp

# Shares of the bills of vendors on Ramp.
LATE, DRAFTED, LINKED, RAMP_ONLY, SLOW_APPROVAL, ABANDONED, MISTYPED = 0.04, 0.12, 0.75, 0.02, 0.03, 0.06, 0.015
# Of bills withdrawn in the ledger, how many somebody also archives here; the others stay open.
ARCHIVED = 0.7


def paper(desk: Desk, event: BillReceived | BillWithdrawn) -> None:
    """Queues what happened to a bill on paper."""
    if isinstance(event, BillReceived):
        desk.later(event.at, PAPER, f"r{event.bill:09d}", _received, event)
    else:
        wait = HOUR + int(share(desk.seed, "withdrawn", event.bill) * 30 * HOUR)
        if share(desk.seed, "archived", event.bill) < ARCHIVED:
            desk.later(event.at + wait, OWN, f"w{event.bill:09d}", _archived, event.bill)


def _received(desk: Desk, at: int, event: BillReceived) -> None:
    desk.papers[event.bill] = event
    if event.amount <= 0 or event.party not in desk.world.vendors or not vendor_is_on_ramp(desk.world, event.party):
        return
    chance, seed = share(desk.seed, "entry", event.bill), desk.seed
    if share(seed, "ramp only", event.bill) < RAMP_ONLY:
        desk.later(at + 3 * HOUR, OWN, f"o{event.bill:09d}", _ramp_only, event)
    if share(seed, "abandoned", event.bill) < ABANDONED:
        _draft(desk, at, -event.bill, None)
        desk.later(at + 30 * DAY, OWN, f"x{event.bill:09d}", _dropped, -event.bill)
    if chance < LATE:
        return
    if chance < LATE + DRAFTED:
        _draft(desk, at, event.bill, event)
        desk.later(at + 2 * HOUR + int(share(seed, "drafted", event.bill) * 12 * HOUR), OWN, f"e{event.bill:09d}", entered, event.bill)
    else:
        entered(desk, at, event.bill)


def _draft(desk: Desk, at: int, key: int, event: BillReceived | None) -> None:
    id = ramp_id(desk.seed, "draft", key)
    if event is None:
        held = Draft(id, None, at, None, None, None, "", desk.entity)
    else:
        held = Draft(id, vendor_of(desk, at, event.party), at, event.on, event.due, event.amount, event.number, desk.entity)
    desk.drafts[key] = held
    desk.shelves["drafts"].put(id, held)


def _dropped(desk: Desk, at: int, key: int) -> None:
    held = desk.drafts.pop(key, None)
    if held is not None:
        desk.shelves["drafts"].drop(held.id)


def entered(desk: Desk, at: int, number: int) -> Bill:
    """The bill, made of its paper unless it is there already; its draft is gone then."""
    _dropped(desk, at, number)
    held = desk.bills.get(number)
    if held is not None:
        return held
    event, seed = desk.papers[number], desk.seed
    id = ramp_id(seed, "bill", number)
    due = event.due or event.on + timedelta(days=30)
    vendor = vendor_of(desk, at, event.party)
    held = Bill(id, number, vendor, at, event.on, due, event.amount, event.lines, event.number, "", desk.entity)
    if share(seed, "mistyped", number) < MISTYPED and event.amount >= 1000:
        # Two digits changed places; whoever pays the bill will notice.
        wrong = _turned(event.amount)
        held.lines = (held.lines[0]._replace(amount=held.lines[0].amount + wrong - event.amount), *held.lines[1:])
        held.cents = wrong
    desk.bills[number] = held
    desk.shelves["bills"].put(id, held)
    if share(seed, "slow approval", number) >= SLOW_APPROVAL:
        desk.later(at + HOUR + int(share(seed, "approval", number) * 19 * HOUR), OWN, f"a{number:09d}", approved, held)
    return held


def _turned(cents: int) -> int:
    """An amount with its two leading digits turned round, or a dollar more where that makes no difference."""
    text = str(cents)
    turned = int(text[1] + text[0] + text[2:])
    return turned if turned != cents and text[1] != "0" else cents + 100


def approved(desk: Desk, at: int, held: Bill) -> None:
    """Somebody lets the bill be paid; three in four are linked to the ledger's then."""
    if held.approval == "APPROVED":
        return
    held.approval = "APPROVED"
    if share(desk.seed, "linked", held.ledger) < LINKED:
        held.remote, held.sync = str(held.ledger), "BILL_SYNCED"
    desk.changed("bills", held.id)


def _ramp_only(desk: Desk, at: int, event: BillReceived) -> None:
    """A paper only Ramp has: nobody approves it, and after seven weeks it is put away."""
    id = ramp_id(desk.seed, "ramp only", event.bill)
    amount = event.amount + 1000 + int(share(desk.seed, "ramp only amount", event.bill) * 50_000)
    vendor = vendor_of(desk, at, event.party)
    lines = tuple(line._replace(amount=amount if position == 0 else 0) for position, line in enumerate(event.lines[:1]))
    held = Bill(id, 0, vendor, at, event.on, event.on + timedelta(days=45), amount, lines, "", "", desk.entity)
    desk.shelves["bills"].put(id, held)
    desk.later(at + 49 * DAY, OWN, f"p{event.bill:09d}", _rejected, held)


def _rejected(desk: Desk, at: int, held: Bill) -> None:
    held.approval, held.archived = "REJECTED", at
    desk.changed("bills", held.id)


def _archived(desk: Desk, at: int, number: int) -> None:
    held = desk.bills.get(number)
    if held is not None and not held.archived and held.payment is None:
        held.archived = at
        desk.changed("bills", held.id)
