"""What an attentive reader must find about bills once Ramp and the ledger are compared: the other side of checks H16 to H30.

Computed from Ramp's own records and the world, apart from any SQL. What only the ledger shows: `sandbox.world.oracle`.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.hub import Hub
from sandbox.rails import Row
from sandbox.ramp.desk import DAY, HOUR, Desk
from sandbox.ramp.facts import Bill
from sandbox.ramp.office import office_of
from sandbox.world.bankdays import bank_day
from sandbox.world.model import Doc
from sandbox.world.remitting import LATE_BANK_DAYS, drawn_after

# How long a vendor's new bank account counts as new.
NEWS_DAYS = 30
_NOT_BY_RAMP = ("PAID_MANUALLY", "VENDOR_CREDIT")


def mistakes(hub: Hub) -> Iterator[Row]:
    """Rows of the truth table `mistakes`. What concerns a bill in the ledger names that one, what concerns its payment Ramp's."""
    for listing in hub.listings:
        desk = office_of(hub).desk(listing.business_id)
        for row in desk.shelves["bills"].rows.values():
            for kind, check, rail, record in _about_bill(desk, row.fact):
                yield listing.business_id, kind, check, rail, "bills", record, True
        for vendor in desk.vendors.values():
            if vendor.moved:
                is_news = desk.now - vendor.moved <= NEWS_DAYS * DAY
                yield listing.business_id, "bank_details_changed", "H22", "ramp", "vendors", vendor.id, is_news


def _about_bill(desk: Desk, held: Bill) -> Iterator[tuple[str, str, str, str]]:
    """(kind, check, rail, record id) of what is wrong with a bill now."""
    paper = desk.world.docs["bill"].get(held.ledger)
    owed = paper if paper is not None and not paper.is_void and paper.balance > 0 else None
    if held.paid_ms:
        if owed is not None and _is_unrecorded(desk, held):
            yield "paid_not_recorded", "H27", "ramp", held.id
        if _is_undrawn(desk, held):
            yield "paid_without_debit", "H28", "ramp", held.id
    elif owed is not None and not held.archived:
        yield from _on_both(held, owed)


def _on_both(held: Bill, owed: Doc) -> Iterator[tuple[str, str, str, str]]:
    if held.remote is None:
        yield "bill_on_two_rails_unlinked", "H16", "qbo", str(owed.id)
    if held.cents != owed.total:
        yield "rails_disagree_on_amount", "H30", "qbo", str(owed.id)


def _is_unrecorded(desk: Desk, held: Bill) -> bool:
    """Paid by Ramp more than an hour ago, and the ledger still has it open."""
    is_ours = held.payment is not None and held.payment.method not in _NOT_BY_RAMP
    return is_ours and desk.now - held.paid_ms // 1000 > HOUR


def _is_undrawn(desk: Desk, held: Bill) -> bool:
    """Paid by Ramp more than five business days ago, and the business's bank has not been debited."""
    paid = held.payment
    if paid is None or paid.source not in desk.released or drawn_after(desk.world, paid.source) != LATE_BANK_DAYS:
        return False
    today = desk.world_day(desk.now)
    return bank_day(desk.world_day(held.paid_ms // 1000), 5) < today < bank_day(paid.on, LATE_BANK_DAYS)
