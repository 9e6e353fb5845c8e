"""Money that goes back: refunds of what was paid twice, and disputes, in which the customer's bank calls a charge back.

All of them leave the account as it was, fees included: what the world's payouts are made of stays untouched.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe.book import Book
from sandbox.stripe.customers import DAY
from sandbox.stripe.money import transact
from sandbox.world.reality import stripe_fee

INQUIRY_SHARE, FAILED_SHARE = 0.4, 0.12
DISPUTE_FEE = 1500


def refund(book: Book, charge: str, amount: int, ordinal: int) -> None:
    """Gives money of a charge back: pending first, arrived hours later; with the last of it Stripe returns its fee."""
    held = book.state("charges", charge)
    id = book.id("re", charge, ordinal)
    total = held["amount_refunded"] + amount
    fee = -stripe_fee(held["amount"]) if total == held["amount"] and not _fee_is_returned(book, charge) else 0
    # Given back out of what is still pending, so that it comes off the balance on the day the charge would have come to it.
    on = book.state("balance_transactions", held["balance_transaction"])["available_on"]
    transaction = transact(book, "refund", -amount, fee, id, "REFUND FOR CHARGE", available_on=on, currency=held["currency"])
    book.put(
        "refunds",
        {
            "id": id,
            "object": "refund",
            "amount": amount,
            "balance_transaction": transaction,
            "charge": charge,
            "created": book.now,
            "currency": held["currency"],
            "customer": held["customer"],
            "customer_account": None,
            "destination_details": {"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
            "metadata": {},
            "payment_intent": held["payment_intent"],
            "payment_method": held["payment_method"],
            "reason": "duplicate",
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "pending",
            "transfer_reversal": None,
        },
        "refund.created",
    )
    book.change("charges", charge, "charge.refunded", amount_refunded=total, refunded=total == held["amount"])
    if book.chance("refund fails", id) < FAILED_SHARE:
        book.plan(book.now + book.pick(2, 5, "fails after", id) * DAY, "refund_fails", id, ordinal)
    else:
        book.plan(book.now + book.pick(3600, 2 * DAY, "arrives after", id), "refund_arrives", id)


def _fee_is_returned(book: Book, charge: str) -> bool:
    standing = [refund for refund in book.present("refunds") if refund["charge"] == charge and refund["status"] != "failed"]
    return any(book.state("balance_transactions", refund["balance_transaction"])["fee"] for refund in standing)


def refund_arrives(book: Book, id: str) -> None:
    """The customer's bank has the money."""
    details = {"card": {"reference": id[-10:], "reference_status": "available", "type": "refund"}, "type": "card"}
    book.change("refunds", id, "refund.updated", "charge.refund.updated", status="succeeded", destination_details=details)


def refund_fails(book: Book, id: str, ordinal: int) -> None:
    """The customer's card is closed: the money comes back into the balance, and is given back to another one next day."""
    held = book.state("refunds", id)
    gone = book.state("balance_transactions", held["balance_transaction"])
    back = transact(
        book, "refund_failure", held["amount"], -gone["fee"], id, "REFUND FAILURE", category="refund_failure", currency=held["currency"]
    )
    fields = {"failure_balance_transaction": back, "failure_reason": "expired_or_canceled_card"}
    book.change("refunds", id, "refund.failed", "charge.refund.updated", status="failed", **fields)
    charge = book.state("charges", held["charge"])
    left = charge["amount_refunded"] - held["amount"]
    book.change("charges", charge["id"], "charge.updated", amount_refunded=left, refunded=False)
    book.plan(book.now + DAY, "refund", charge["id"], held["amount"], ordinal + 2)


def open_dispute(book: Book, charge: str, why: str = "") -> None:
    """The customer's bank asks, or calls the money back at once. why: `duplicate` for a charge that never was given back."""
    held = book.state("charges", charge)
    id = book.id("du", charge)
    is_inquiry = not why and book.chance("inquiry", id) < INQUIRY_SHARE
    state: dict[str, Any] = {
        "id": id,
        "object": "dispute",
        "amount": held["amount"],
        "balance_transactions": [],
        "charge": charge,
        "created": book.now,
        "currency": held["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {},
        "evidence_details": {"due_by": book.now + 9 * DAY, "has_evidence": False, "past_due": False, "submission_count": 0},
        "is_charge_refundable": is_inquiry,
        "livemode": False,
        "metadata": {},
        "payment_intent": held["payment_intent"],
        "payment_method_details": {
            "card": {"brand": "visa", "case_type": "inquiry" if is_inquiry else "chargeback", "network_reason_code": "13.1"},
            "type": "card",
        },
        "reason": why or ("product_not_received" if is_inquiry else "fraudulent"),
        "status": "warning_needs_response" if is_inquiry else "needs_response",
    }
    book.put("disputes", state, "charge.dispute.created")
    book.change("charges", charge, "charge.updated", disputed=not is_inquiry)
    if not is_inquiry:
        _move_disputed(book, id, -1, "charge.dispute.funds_withdrawn")
    book.plan(book.now + book.pick(1, 6, "answered after", id) * DAY, "answer_dispute", id)


def answer_dispute(book: Book, id: str) -> None:
    """The business sends its evidence; the bank takes some weeks."""
    held = book.state("disputes", id)
    details = {**held["evidence_details"], "has_evidence": True, "submission_count": 1}
    status = "warning_under_review" if held["status"].startswith("warning") else "under_review"
    book.change("disputes", id, "charge.dispute.updated", status=status, evidence_details=details)
    book.plan(book.now + book.pick(10, 40, "decided after", id) * DAY, "close_dispute", id)


def close_dispute(book: Book, id: str) -> None:
    """An inquiry comes to nothing; a dispute is won and the money comes back, but not what was charged twice."""
    held = book.state("disputes", id)
    if held["status"].startswith("warning"):
        book.change("disputes", id, "charge.dispute.closed", status="warning_closed")
        return
    if held["reason"] == "duplicate":
        book.change("disputes", id, "charge.dispute.closed", status="lost")
        transact(book, "adjustment", stripe_fee(held["amount"]) + DISPUTE_FEE, 0, id, "Courtesy credit", category="other_adjustment")
        return
    _move_disputed(book, id, 1, "charge.dispute.funds_reinstated")
    book.change("disputes", id, "charge.dispute.closed", status="won")


def _move_disputed(book: Book, id: str, sign: int, event: str) -> None:
    held = book.state("disputes", id)
    category = "dispute" if sign < 0 else "dispute_reversal"
    what = f"Chargeback {'withdrawal' if sign < 0 else 'reversal'} for {held['charge']}"
    moved = transact(
        book,
        "adjustment",
        sign * held["amount"],
        -sign * DISPUTE_FEE,
        id,
        what,
        category=category,
        what=category,
        currency=held["currency"],
    )
    version = book.tables["balance_transactions"].current[moved]
    book.change("disputes", id, event, balance_transactions=[*held["balance_transactions"], version])
