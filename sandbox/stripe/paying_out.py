"""Payouts to the bank: created, under way, paid; a few come back and are paid out again. Their days: `sandbox.world.payouts`."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sandbox.stripe.book import Book
from sandbox.stripe.money import midnight, transact
from sandbox.world.payouts import arrives_on, fails_at_first, first_arrival, retried_on, returned_on
from sandbox.world.reality import Happening

UNDER_WAY_AFTER = 4 * 3600
# Stripe says paid in the afternoon, Eastern time, of the day of arrival.
PAID_AT = 20 * 3600
BANK_ACTS_AT = 15 * 3600


def paid_out(book: Book, happening: Happening) -> None:
    """Stripe pays the net of the charges that are available to the bank."""
    id = book.id("po", happening.number)
    charges = [book.charge_of[number] for number, _ in happening.parts if number in book.charge_of]
    held = [book.state("charges", charge)["balance_transaction"] for charge in charges]
    held += _cancelled_out(book, held)
    arrival = midnight(first_arrival(happening))
    _pay_out(book, id, happening.amount, arrival, held)
    book.payout_of[happening.number] = id
    if fails_at_first(book.world, happening):
        book.plan(midnight(returned_on(happening)) + BANK_ACTS_AT, "come_back", id)
        book.plan(midnight(retried_on(happening)) + BANK_ACTS_AT, "pay_out_again", id, happening)


def pay_out_again(book: Book, failed: str, happening: Happening) -> None:
    """The money that came back leaves once more, to the corrected account."""
    id = book.id("po", happening.number, "again")
    back = book.state("payouts", failed)["failure_balance_transaction"]
    _pay_out(book, id, happening.amount, midnight(arrives_on(book.world, happening)), [back])
    book.payout_of[happening.number] = id


def payout_moves(book: Book, id: str, status: str) -> None:
    """A payout is handed to the bank, and arrives."""
    event = "payout.paid" if status == "paid" else "payout.updated"
    book.change("payouts", id, event, status=status, trace_id={"status": "supported", "value": id[-12:]})


def come_back(book: Book, id: str) -> None:
    """Days after it was said to be paid, the bank returns a payout."""
    amount = book.state("payouts", id)["amount"]
    back = transact(book, "payout_failure", amount, 0, id, "STRIPE PAYOUT FAILURE", category="payout_reversal")
    fields = {"status": "failed", "failure_balance_transaction": back, "failure_code": "account_closed"}
    book.change("payouts", id, "payout.failed", **fields, failure_message="The bank account has been closed")


def _cancelled_out(book: Book, taken: list[str]) -> list[str]:
    """What came and went again around one charge and adds up to nothing, all of it available: it is paid out along with the rest."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for id in book.held.keys() - set(taken):
        moved = book.state("balance_transactions", id)
        if charge := _charge_of(book, moved["source"]):
            groups[charge].append(moved)
    return sorted(
        moved["id"]
        for group in groups.values()
        if sum(moved["net"] for moved in group) == 0 and all(moved["status"] == "available" for moved in group)
        for moved in group
    )


def _charge_of(book: Book, source: str) -> str | None:
    """The charge that a charge, a refund or a dispute is about; None for a payout."""
    for table in ("refunds", "disputes"):
        if book.holds(table, source):
            charge: str = book.state(table, source)["charge"]
            return charge
    return source if book.holds("charges", source) else None


def _pay_out(book: Book, id: str, amount: int, arrival: int, transactions: list[str]) -> None:
    own = transact(book, "payout", -amount, 0, id, "STRIPE PAYOUT")
    book.transactions_of[id] = [*transactions, own]
    for transaction in book.transactions_of[id]:
        book.held.pop(transaction, None)
        book.paid_out_by[transaction] = id
        book.put("payout_transactions", book.state("balance_transactions", transaction), id=f"{id}/{transaction}")
    state: dict[str, Any] = {
        "id": id,
        "object": "payout",
        "amount": amount,
        "application_fee": None,
        "application_fee_amount": None,
        "arrival_date": arrival,
        "automatic": True,
        "balance_transaction": own,
        "created": book.now,
        "currency": "usd",
        "description": "STRIPE PAYOUT",
        "destination": book.id("ba", "checking"),
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": {},
        "method": "standard",
        "original_payout": None,
        "payout_method": None,
        "reconciliation_status": "completed",
        "reversed_by": None,
        "source_type": "card",
        "statement_descriptor": None,
        "status": "pending",
        "trace_id": None,
        "type": "bank_account",
    }
    book.put("payouts", state, "payout.created")
    book.plan(book.now + UNDER_WAY_AFTER, "payout_moves", id, "in_transit")
    book.plan(arrival + PAID_AT, "payout_moves", id, "paid")
