"""How a vendor's bill fares on Ramp: drafted, entered, approved, linked to the ledger, paid, returned, archived.

Most bills come in when the ledger gets them; a few only when they are paid, and a few the ledger never gets.
"""

from __future__ import annotations

from datetime import timedelta

from sandbox.ramp.desk import DAY, HOUR, OWN, PAPER, SETTLED, Desk
from sandbox.ramp.facts import Bill, Draft, Payment
from sandbox.ramp.vendors import vendor_of
from sandbox.ramp.wire import ramp_id, share
from sandbox.world.papers import BillReceived, BillSettled, BillWithdrawn
from sandbox.world.reality import Happening, vendor_is_on_ramp

# Shares of the bills of vendors on Ramp.
LATE, DRAFTED, LINKED, RAMP_ONLY, SLOW_APPROVAL, ABANDONED = 0.04, 0.12, 0.75, 0.02, 0.03, 0.06
# Of bills withdrawn in the ledger, how many somebody also archives here; the others stay open.
ARCHIVED = 0.7


def paper(desk: Desk, event: BillReceived | BillSettled | BillWithdrawn) -> None:
    """Queues what happened to a bill on paper. The bills of one payment are settled together."""
    if isinstance(event, BillReceived):
        desk.later(event.at, PAPER, f"r{event.bill:09d}", _received, event)
    elif isinstance(event, BillWithdrawn):
        wait = HOUR + int(share(desk.seed, "withdrawn", event.bill) * 30 * HOUR)
        if share(desk.seed, "archived", event.bill) < ARCHIVED:
            desk.later(event.at + wait, OWN, f"w{event.bill:09d}", _archived, event.bill)
    else:
        parts = desk.parts.setdefault(event.payment, [])
        if not parts:
            desk.later(event.at, SETTLED, f"s{event.payment:09d}", _settled, event.payment)
        parts.append((event.bill, event.cents))


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
        desk.later(at + 2 * HOUR + int(share(seed, "drafted", event.bill) * 12 * HOUR), OWN, f"e{event.bill:09d}", _entered, event.bill)
    else:
        _entered(desk, at, event.bill)


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


def _entered(desk: Desk, at: int, number: int) -> Bill:
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
    desk.bills[number] = held
    desk.shelves["bills"].put(id, held)
    if share(seed, "slow approval", number) >= SLOW_APPROVAL:
        desk.later(at + HOUR + int(share(seed, "approval", number) * 19 * HOUR), OWN, f"a{number:09d}", _approved, held)
    return held


def _approved(desk: Desk, at: int, held: Bill) -> None:
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
    if held is not None and not held.archived and not held.paid_ms:
        held.archived = at
        desk.changed("bills", held.id)


def _settled(desk: Desk, at: int, payment: int) -> None:
    """The bills of one payment are paid; what credits took is not paid out, the first bills first."""
    happening = desk.payments.get(payment)
    parts = desk.parts.pop(payment)
    is_ours = happening is not None and happening.channel == "ramp"
    credit = sum(cents for _, cents in parts) - (happening.amount if happening else 0)
    for number, cents in parts:
        taken = min(credit, cents)
        credit -= taken
        known = desk.papers.get(number)
        if number not in desk.bills and (not is_ours or known is None or known.party not in desk.world.vendors):
            continue
        held = _entered(desk, at, number)
        if is_ours and held.cents != cents:
            # Corrected just before it is paid: what leaves the bank is what the ledger's people agreed on.
            first = held.lines[0]
            held.lines = (first._replace(amount=first.amount + cents - held.cents), *held.lines[1:])
            held.cents = cents
        _pay(desk, at, held, happening, payment, cents - taken)


def _pay(desk: Desk, at: int, held: Bill, happening: Happening | None, payment: int, cents: int) -> None:
    seed, number = desk.seed, held.ledger
    on = happening.on if happening else desk.world_day(at)
    _approved(desk, at, held)
    trace = f"{int(share(seed, 'trace', payment) * 1e5):05d}{payment:010d}"
    if happening is None or cents == 0:
        held.payment = Payment(cents, "VENDOR_CREDIT", on, "", payment)
    elif happening.channel != "ramp":
        held.payment = Payment(cents, "PAID_MANUALLY", on, "", payment)
    elif happening.account == desk.world.chart["Mastercard"]:
        held.payment = Payment(cents, "CARD", on, "", payment, transaction=ramp_id(seed, "transaction", happening.number))
    else:
        held.payment = Payment(cents, held.vendor.method, on, trace, payment, held.vendor.account)
    held.paid_ms = at * 1000 + int(share(seed, "paid", number, payment) * 1000)
    held.archived = 0
    held.vendor.paid.append((at, cents))
    desk.settled.setdefault(payment, []).append(held)
    desk.changed("bills", held.id)
    if held.remote:
        wait = 600 + int(share(seed, "payment sync", number, payment) * 2400)
        desk.later(at + wait, OWN, f"y{number:09d}", _payment_synced, held, payment)


def _payment_synced(desk: Desk, at: int, held: Bill, payment: int) -> None:
    if held.payment is not None and held.payment.source == payment and held.sync != "BILL_AND_PAYMENT_SYNCED":
        held.sync = "BILL_AND_PAYMENT_SYNCED"
        desk.changed("bills", held.id)


def returned(desk: Desk, at: int, payment: int) -> None:
    """The money of a payment came back: its bills are open again."""
    for held in desk.settled.pop(payment, []):
        if held.payment is None or held.payment.source != payment:
            continue
        held.vendor.paid.append((at, -held.payment.cents))
        held.payment, held.paid_ms = None, 0
        if held.sync == "BILL_AND_PAYMENT_SYNCED":
            held.sync = "BILL_SYNCED"
        desk.changed("bills", held.id)
