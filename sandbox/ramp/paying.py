"""How a vendor's bill is paid on Ramp: sent, arrived, handed to the ledger, and at times returned.

What becomes of a payment on its way: `sandbox.world.remitting`. Bills until then: `sandbox.ramp.bills`.
"""

from __future__ import annotations

from sandbox.ramp.bills import approved, entered
from sandbox.ramp.desk import OWN, SETTLED, Desk
from sandbox.ramp.facts import Bill, Payment
from sandbox.ramp.wire import ramp_id, share
from sandbox.world.papers import BillReleased, BillSettled
from sandbox.world.reality import Happening
from sandbox.world.remitting import fate_of


def paper(desk: Desk, event: BillReleased | BillSettled) -> None:
    """Queues the payment of a bill; what Ramp sent itself the ledger only repeats."""
    if isinstance(event, BillReleased):
        desk.released.add(event.payment)
        _gather(desk, event, event.arrives)
    elif event.payment not in desk.released:
        _gather(desk, event, 0)


def _gather(desk: Desk, event: BillReleased | BillSettled, arrives: int) -> None:
    """Has all bills of one payment settled together. arrives: when the vendor has the money, 0 for at once."""
    parts = desk.parts.setdefault(event.payment, [])
    if not parts:
        desk.later(event.at, SETTLED, f"s{event.payment:09d}", _settled, event.payment, arrives)
    parts.append((event.bill, event.cents))


def _settled(desk: Desk, at: int, payment: int, arrives: int) -> None:
    """The bills of one payment are paid, or on their way to be; what credits took is not paid out, the first bills first."""
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
        held = entered(desk, at, number)
        if not is_ours and held.payment is not None and not held.paid_ms:
            # Paid in the ledger as well; this one is under way and cannot be called back.
            continue
        if is_ours and held.cents != cents:
            # Corrected just before it is paid: what leaves the bank is what the ledger's people agreed on.
            first = held.lines[0]
            held.lines = (first._replace(amount=first.amount + cents - held.cents), *held.lines[1:])
            held.cents = cents
        held.payment = _payment_of(desk, held, happening, payment, cents - taken, at)
        held.archived = 0
        approved(desk, at, held)
        desk.settled.setdefault(payment, []).append(held)
        if arrives:
            desk.changed("bills", held.id)
            desk.later(arrives, OWN, f"z{number:09d}", _paid, held, payment)
        else:
            _paid(desk, at, held, payment)


def _payment_of(desk: Desk, held: Bill, happening: Happening | None, payment: int, cents: int, at: int) -> Payment:
    on = happening.on if happening else desk.world_day(at)
    if happening is None or cents == 0:
        return Payment(cents, "VENDOR_CREDIT", on, "", payment)
    if happening.channel != "ramp":
        return Payment(cents, "PAID_MANUALLY", on, "", payment)
    if happening.account == desk.world.chart["Mastercard"]:
        return Payment(cents, "CARD", on, "", payment, transaction=ramp_id(desk.seed, "transaction", happening.number))
    trace = f"{int(share(desk.seed, 'trace', payment) * 1e5):05d}{payment:010d}"
    return Payment(cents, held.vendor.method, on, trace, payment, held.vendor.account)


def _paid(desk: Desk, at: int, held: Bill, payment: int) -> None:
    """The vendor has the money; a payment that came back just now has not arrived."""
    if held.payment is None or held.payment.source != payment:
        return
    held.paid_ms = at * 1000 + int(share(desk.seed, "paid", held.ledger, payment) * 1000)
    held.vendor.paid.append((at, held.payment.cents))
    desk.changed("bills", held.id)
    if held.remote and (payment not in desk.released or fate_of(desk.world, payment) == "booked"):
        wait = 600 + int(share(desk.seed, "payment sync", held.ledger, payment) * 2400)
        desk.later(at + wait, OWN, f"y{held.ledger:09d}", _payment_synced, held, payment)


def _payment_synced(desk: Desk, at: int, held: Bill, payment: int) -> None:
    if held.payment is not None and held.payment.source == payment and held.sync != "BILL_AND_PAYMENT_SYNCED":
        held.sync = "BILL_AND_PAYMENT_SYNCED"
        desk.changed("bills", held.id)


def returned(desk: Desk, at: int, payment: int) -> None:
    """The money of a payment came back: its bills are open again."""
    for held in desk.settled.pop(payment, []):
        if held.payment is None or held.payment.source != payment:
            continue
        if held.paid_ms:
            held.vendor.paid.append((at, -held.payment.cents))
        held.payment, held.paid_ms = None, 0
        if held.sync == "BILL_AND_PAYMENT_SYNCED":
            held.sync = "BILL_SYNCED"
        desk.changed("bills", held.id)
