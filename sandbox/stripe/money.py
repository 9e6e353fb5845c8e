"""The account's balance and its transactions, the one append-only ledger Stripe has. Days: `sandbox.world.payouts`."""

from __future__ import annotations

from datetime import UTC, date, datetime

from sandbox.stripe.book import Book
from sandbox.stripe.currencies import CURRENCIES, HOME
from sandbox.world.payouts import business_days_after

DAYS_PENDING = 2


def midnight(day: date) -> int:
    """Midnight UTC of a day, as Stripe writes days."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def settles_at(book: Book, on: date | None = None) -> int:
    """When money that is charged on a day of the business's calendar becomes available: two working days later."""
    today = on or datetime.fromtimestamp(book.now, book.world.zone).date()
    return midnight(business_days_after(today, DAYS_PENDING))


def transact(
    book: Book,
    kind: str,
    amount: int,
    fee: int,
    source: str,
    description: str,
    *,
    category: str = "",
    available_on: int | None = None,
    what: object = "",
    currency: str = HOME,
) -> str:
    """Adds a balance transaction and returns its id; without `available_on` it is available at once. currency: of its source."""
    id = book.id("txn", kind, source, what)
    book.held[id] = None
    is_pending = available_on is not None and available_on > book.now
    details = [{"amount": fee, "application": None, "currency": "usd", "description": "Stripe processing fees", "type": "stripe_fee"}]
    book.put(
        "balance_transactions",
        {
            "id": id,
            "object": "balance_transaction",
            "amount": amount,
            "available_on": available_on if is_pending else book.now,
            "balance_type": "payments",
            "created": book.now,
            "currency": "usd",
            "description": description,
            "exchange_rate": None if currency == HOME else CURRENCIES[currency].rate,
            "fee": fee,
            "fee_details": details if fee else [],
            "net": amount - fee,
            "reporting_category": category or kind,
            "source": source,
            "status": "pending" if is_pending else "available",
            "type": kind,
        },
    )
    if is_pending and available_on is not None:
        book.pending += amount - fee
        book.plan(available_on, "becomes_available", id)
    else:
        book.available += amount - fee
    return id


def becomes_available(book: Book, id: str) -> None:
    """Money that was charged days ago can be paid out; of the transaction itself no event tells, only of the balance."""
    net = book.state("balance_transactions", id)["net"]
    book.change("balance_transactions", id, status="available")
    if payout := book.paid_out_by.get(id):
        book.put("payout_transactions", book.state("balance_transactions", id), id=f"{payout}/{id}")
    book.pending -= net
    book.available += net
    is_last = not (book.agenda and book.agenda[0][0] == book.now and book.agenda[0][3] == "becomes_available")
    if is_last:
        held = {"available": book.available, "pending": book.pending, "created": book.now}
        book.put("balances", held, "balance.available", id="1")
