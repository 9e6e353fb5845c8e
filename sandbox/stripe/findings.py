"""What an attentive reader must find once Stripe is compared with bank and ledger: the other side of checks H31 and H35."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sandbox.hub import Hub
from sandbox.plaid.office import office_of as bank_office
from sandbox.rails import Row
from sandbox.stripe.book import Book
from sandbox.stripe.office import office_of
from sandbox.world.chart import CLEARING

ARRIVAL_DAYS = 2
LEAST_GAP_CENTS = 10_000


def mistakes(hub: Hub) -> Iterator[Row]:
    """Rows of the truth table `mistakes`: payouts said to be paid that the bank does not show two days later, and clearing accounts
    of the ledger that hold something else than Stripe does, with or without the fees of what is not paid out yet."""
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
        clearing = book.world.chart.get(CLEARING)
        if clearing and _differs(book, book.world.accounts[clearing].balance):
            yield listing.business_id, "clearing_differs_from_stripe", "H35", "qbo", "accounts", str(clearing), True


def _differs(book: Book, clearing: int) -> bool:
    """Whether what the ledger has on its clearing account is neither what Stripe holds nor that before fees, by more than 100."""
    held = book.available + book.pending
    fees = sum(book.state("balance_transactions", id)["fee"] for id in book.held)
    return min(abs(clearing - held), abs(clearing - held - fees)) > LEAST_GAP_CENTS
