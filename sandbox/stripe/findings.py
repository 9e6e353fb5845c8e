"""What an attentive reader must find once payouts are compared with the bank: the other side of check H31."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sandbox.hub import Hub
from sandbox.plaid.office import office_of as bank_office
from sandbox.rails import Row
from sandbox.stripe.office import office_of

ARRIVAL_DAYS = 2


def mistakes(hub: Hub) -> Iterator[Row]:
    """Rows of the truth table `mistakes`: payouts that Stripe says are paid and the bank does not show two days later."""
    office, banks = office_of(hub), bank_office(hub)
    for account, listing in office.accounts.items():
        book = office.book(account)
        today = datetime.fromtimestamp(hub.now, book.world.zone).date()
        for number, id in book.payout_of.items():
            payout = book.state("payouts", id)
            arrival = datetime.fromtimestamp(payout["arrival_date"], UTC).date()
            is_due = payout["status"] == "paid" and arrival + timedelta(days=ARRIVAL_DAYS) < today
            if is_due and banks.transaction_of(listing.business_id, number) is None:
                yield listing.business_id, "payout_not_at_bank", "H31", "stripe", "payouts", id, True
