"""Money that customers pay: charges, attempts that fail, what is paid twice and given back, and what a bank calls back.

Refunds and disputes here leave the account as it was, fees included: what the world's payouts are made of stays untouched.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe.book import Book
from sandbox.stripe.customers import DAY
from sandbox.stripe.invoicing import await_payment, finalize, new_intent, stop_waiting
from sandbox.stripe.money import settles_at, transact
from sandbox.world.billing import Billing
from sandbox.world.reality import Happening, stripe_fee

PAID_TWICE_SHARE, DISPUTED_SHARE, INQUIRY_SHARE = 0.05, 0.03, 0.4


def applied(book: Book, step: Billing) -> None:
    """Something was put against an invoice: with a charge it waits for that, anything else lowers what is due."""
    if step.happening:
        book.applied[step.happening].append(step)
    elif step.invoice in book.invoice_of:
        _credit(book, book.invoice_of[step.invoice], step.applied)


def received(book: Book, happening: Happening) -> None:
    """A customer pays by card: a charge for what came in, put against the invoices it is for."""
    steps = [step for step in book.applied.pop(happening.number, []) if book.holds("invoices", book.invoice_of.get(step.invoice, ""))]
    invoices = [book.invoice_of[step.invoice] for step in steps]
    for id in invoices:
        finalize(book, id)
    payable = [id for id in invoices if book.state("invoices", id)["status"] in ("open", "uncollectible")]
    first = payable[0] if payable else None
    intent = book.state("invoices", first)["_intent"] if first else _own_intent(book, happening.amount, None, happening.number)
    if first and book.state("payment_intents", intent)["status"] != "requires_payment_method":
        await_payment(book, first, book.state("invoices", first)["_ordinal"] + 1)
        intent = book.state("invoices", first)["_intent"]
    customer = book.state("payment_intents", intent)["customer"]
    charge = book.id("ch", happening.number)
    book.charge_of[happening.number] = charge
    _charge(book, charge, intent, happening.amount, customer, first, available_on=settles_at(book, happening.on))
    left = happening.amount
    for step, id in zip(steps, invoices, strict=True):
        if id in payable:
            left = _settle(book, id, step.applied, left, charge, is_last=id == payable[-1])
    if book.chance("paid twice", charge) < PAID_TWICE_SHARE:
        book.plan(book.now + book.pick(600, 7200, "again after", charge), "pay_again", charge)
    if book.chance("disputed", charge) < DISPUTED_SHARE:
        book.plan(book.now + book.pick(8, 25, "disputed after", charge) * DAY, "open_dispute", charge)


def decline(book: Book, id: str) -> None:
    """On the due date a card is declined: a failed charge moves no money."""
    invoice = book.state("invoices", id)
    if invoice["status"] != "open":
        return
    charge = book.id("ch", "declined", id)
    error = {"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "message": "Your card was declined."}
    state = _new_charge(book, charge, invoice["_intent"], invoice["amount_remaining"], invoice["customer"], id)
    state |= {"status": "failed", "paid": False, "captured": False, "amount_captured": 0, "balance_transaction": None}
    state |= {"failure_code": "card_declined", "failure_message": "Your card was declined.", "receipt_url": None}
    book.put("charges", state, "charge.failed")
    intent = invoice["_intent"]
    book.change("payment_intents", intent, "payment_intent.payment_failed", last_payment_error=error, latest_charge=charge)
    book.change("invoices", id, "invoice.payment_failed", attempted=True, attempt_count=invoice["attempt_count"] + 1, _charge=charge)


def pay_again(book: Book, charge: str) -> None:
    """The customer pays a second time by mistake; the business gives it back within a day or so, at times in two parts."""
    original = book.state("charges", charge)
    second = book.id("ch", "again", charge)
    intent = _own_intent(book, original["amount"], original["customer"], second)
    _charge(book, second, intent, original["amount"], original["customer"], None, available_on=settles_at(book))
    after = book.now + book.pick(7200, DAY, "refunded after", second)
    if book.chance("in two parts", second) < 0.4:
        half = original["amount"] // 2
        book.plan(after, "refund", second, half, 1)
        book.plan(after + book.pick(600, 20_000, "rest after", second), "refund", second, original["amount"] - half, 2)
    else:
        book.plan(after, "refund", second, original["amount"], 1)


def refund(book: Book, charge: str, amount: int, ordinal: int) -> None:
    """Gives money of a charge back: pending first, arrived hours later; with the last of it Stripe returns its fee."""
    held = book.state("charges", charge)
    id = book.id("re", charge, ordinal)
    total = held["amount_refunded"] + amount
    fee = -stripe_fee(held["amount"]) if total == held["amount"] else 0
    # Given back out of what is still pending, so that it comes off the balance on the day the charge would have come to it.
    on = book.state("balance_transactions", held["balance_transaction"])["available_on"]
    transaction = transact(book, "refund", -amount, fee, id, "REFUND FOR CHARGE", available_on=on)
    book.put(
        "refunds",
        {
            "id": id,
            "object": "refund",
            "amount": amount,
            "balance_transaction": transaction,
            "charge": charge,
            "created": book.now,
            "currency": "usd",
            "destination_details": {"card": {"reference_status": "pending", "type": "refund"}, "type": "card"},
            "metadata": {},
            "payment_intent": held["payment_intent"],
            "reason": "duplicate",
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "pending",
            "transfer_reversal": None,
        },
        "refund.created",
    )
    book.change("charges", charge, "charge.refunded", amount_refunded=total, refunded=total == held["amount"])
    book.plan(book.now + book.pick(3600, 2 * DAY, "arrives after", id), "refund_arrives", id)


def refund_arrives(book: Book, id: str) -> None:
    """The customer's bank has the money."""
    details = {"card": {"reference": id[-10:], "reference_status": "available", "type": "refund"}, "type": "card"}
    book.change("refunds", id, "refund.updated", "charge.refund.updated", status="succeeded", destination_details=details)


def open_dispute(book: Book, charge: str) -> None:
    """The customer's bank asks, or calls the money back at once."""
    held = book.state("charges", charge)
    id = book.id("du", charge)
    is_inquiry = book.chance("inquiry", id) < INQUIRY_SHARE
    state: dict[str, Any] = {
        "id": id,
        "object": "dispute",
        "amount": held["amount"],
        "balance_transactions": [],
        "charge": charge,
        "created": book.now,
        "currency": "usd",
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
        "reason": "product_not_received" if is_inquiry else "fraudulent",
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
    """An inquiry comes to nothing, a dispute is won: the money comes back."""
    if book.state("disputes", id)["status"].startswith("warning"):
        book.change("disputes", id, "charge.dispute.closed", status="warning_closed")
        return
    _move_disputed(book, id, 1, "charge.dispute.funds_reinstated")
    book.change("disputes", id, "charge.dispute.closed", status="won")


DISPUTE_FEE = 1500


def _move_disputed(book: Book, id: str, sign: int, event: str) -> None:
    held = book.state("disputes", id)
    category = "dispute" if sign < 0 else "dispute_reversal"
    what = f"Chargeback {'withdrawal' if sign < 0 else 'reversal'} for {held['charge']}"
    moved = transact(book, "adjustment", sign * held["amount"], -sign * DISPUTE_FEE, id, what, category=category, what=category)
    version = book.tables["balance_transactions"].current[moved]
    book.change("disputes", id, event, balance_transactions=[*held["balance_transactions"], version])


def _own_intent(book: Book, amount: int, customer: str | None, what: object) -> str:
    id = book.id("pi", "own", what)
    book.put("payment_intents", new_intent(book, id, amount, customer, None), "payment_intent.created")
    return id


def _charge(book: Book, id: str, intent: str, amount: int, customer: str | None, invoice: str | None, *, available_on: int) -> None:
    """A charge that succeeds, its balance transaction, and the intent it fulfils."""
    fee = stripe_fee(amount)
    state = _new_charge(book, id, intent, amount, customer, invoice)
    state["balance_transaction"] = transact(book, "charge", amount, fee, id, state["description"], available_on=available_on)
    book.put("charges", state, "charge.succeeded")
    book.change(
        "payment_intents", intent, "payment_intent.succeeded",
        status="succeeded", amount=amount, amount_received=amount, latest_charge=id, last_payment_error=None,
        payment_method=state["payment_method"],
    )  # fmt: skip


def _new_charge(book: Book, id: str, intent: str, amount: int, customer: str | None, invoice: str | None) -> dict[str, Any]:
    last4 = f"{book.pick(0, 9999, 'card', customer):04d}"
    card = {
        "brand": "visa", "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US", "exp_month": 8, "exp_year": 2030, "fingerprint": book.id("fp", customer)[3:19], "funding": "credit",
        "installments": None, "last4": last4, "mandate": None, "network": "visa", "three_d_secure": None, "wallet": None,
    }  # fmt: skip
    person = book.tables["customers"].current.get(customer or "")
    nowhere = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}
    return {
        "id": id,
        "object": "charge",
        "amount": amount,
        "amount_captured": amount,
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "application_fee_amount": None,
        "balance_transaction": None,
        "billing_details": {"address": nowhere, "email": None, "name": person.state["name"] if person else None, "phone": None},
        "calculated_statement_descriptor": book.world.business.name.upper()[:22],
        "captured": True,
        "created": book.now,
        "currency": "usd",
        "customer": customer,
        "description": "Payment for Invoice" if invoice else "Payment",
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": {},
        "on_behalf_of": None,
        "outcome": {"network_status": "approved_by_network", "reason": None, "seller_message": "Payment complete.", "type": "authorized"},
        "paid": True,
        "payment_intent": intent,
        "payment_method": book.id("pm", customer),
        "payment_method_details": {"card": card, "type": "card"},
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": f"https://pay.stripe.com/receipts/invoices/{id[3:]}",
        "refunded": False,
        "review": None,
        "shipping": None,
        "source": None,
        "source_transfer": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded",
        "transfer_data": None,
        "transfer_group": None,
        "_invoice": invoice,
    }


def _settle(book: Book, id: str, wanted: int, left: int, charge: str, *, is_last: bool) -> int:
    """Puts up to `wanted` of the `left` cents of a charge against an invoice; says what is left for others.

    What credits cover is taken off what is due; what the last invoice does not need was paid too much.
    """
    invoice = book.state("invoices", id)
    paid = min(wanted, left, invoice["amount_remaining"])
    credit = min(wanted - min(wanted, left), invoice["amount_remaining"] - paid)
    if credit:
        _lower(book, id, credit)
        invoice = book.state("invoices", id)
    over = left - paid if is_last else 0
    times = {"canceled_at": None, "paid_at": book.now}
    book.change("invoice_payments", invoice["_payment"], "invoice_payment.paid", status="paid", amount_paid=paid, status_transitions=times)
    remaining = invoice["amount_remaining"] - paid
    fields: dict[str, Any] = {
        "amount_paid": invoice["amount_paid"] + paid,
        "amount_remaining": remaining,
        "amount_overpaid": invoice["amount_overpaid"] + over,
        "attempted": True,
        "attempt_count": invoice["attempt_count"] + 1,
        "_charge": charge,
    }
    if remaining:
        book.change("invoices", id, "invoice.updated", **fields)
        await_payment(book, id, invoice["_ordinal"] + 1)
    else:
        fields["status_transitions"] = {**invoice["status_transitions"], "paid_at": book.now}
        book.change("invoices", id, "invoice.updated", "invoice.paid", "invoice.payment_succeeded", status="paid", **fields)
    return left - paid


def _credit(book: Book, id: str, amount: int) -> None:
    """A credit or money from elsewhere lowers what is due; an invoice with nothing due any more is paid."""
    if not book.holds("invoices", id):
        return
    finalize(book, id)
    invoice = book.state("invoices", id)
    lowered = min(amount, invoice["amount_remaining"])
    if invoice["status"] not in ("open", "uncollectible") or not lowered:
        return
    _lower(book, id, lowered)
    if not book.state("invoices", id)["amount_remaining"]:
        stop_waiting(book, id)
        times = {**invoice["status_transitions"], "paid_at": book.now}
        fields = {"status": "paid", "status_transitions": times, "_out_of_band": True}
        book.change("invoices", id, "invoice.updated", "invoice.paid", "invoice.payment_succeeded", **fields)


def _lower(book: Book, id: str, amount: int) -> None:
    invoice = book.state("invoices", id)
    fields = {name: invoice[name] - amount for name in ("amount_due", "amount_remaining")}
    noted = invoice["pre_payment_credit_notes_amount"] + amount
    book.change("invoices", id, "invoice.updated", pre_payment_credit_notes_amount=noted, **fields)
