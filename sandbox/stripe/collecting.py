"""Money that customers pay, and the invoices it is put against: in full, in part, too much, with credits, or twice by mistake.

The charges themselves: `sandbox.stripe.charging`; what goes back: `sandbox.stripe.returning`.
"""

from __future__ import annotations

from typing import Any

from sandbox.stripe.awaiting import await_payment, stop_waiting
from sandbox.stripe.book import Book
from sandbox.stripe.charging import charge_card, new_charge, own_intent
from sandbox.stripe.customers import DAY
from sandbox.stripe.invoicing import finalize
from sandbox.stripe.money import settles_at
from sandbox.world.billing import Billing
from sandbox.world.reality import Happening

PAID_TWICE_SHARE, CALLED_BACK_SHARE, DISPUTED_SHARE = 0.05, 0.2, 0.03


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
    intent = book.state("invoices", first)["_intent"] if first else own_intent(book, happening.amount, None, happening.number)
    if first and book.state("payment_intents", intent)["status"] != "requires_payment_method":
        await_payment(book, first, book.state("invoices", first)["_ordinal"] + 1)
        intent = book.state("invoices", first)["_intent"]
    customer = book.state("payment_intents", intent)["customer"]
    charge = book.id("ch", happening.number)
    book.charge_of[happening.number] = charge
    charge_card(book, charge, intent, happening.amount, customer, first, available_on=settles_at(book, happening.on))
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
    state = new_charge(book, charge, invoice["_intent"], invoice["amount_remaining"], invoice["customer"], id)
    state |= {"status": "failed", "paid": False, "captured": False, "amount_captured": 0, "balance_transaction": None}
    state |= {"failure_code": "card_declined", "failure_message": "Your card was declined.", "receipt_url": None}
    book.put("charges", state, "charge.failed")
    intent = invoice["_intent"]
    book.change("payment_intents", intent, "payment_intent.payment_failed", last_payment_error=error, latest_charge=charge)
    book.change("invoices", id, "invoice.payment_failed", attempted=True, attempt_count=invoice["attempt_count"] + 1, _charge=charge)


def pay_again(book: Book, charge: str) -> None:
    """The customer pays a second time by mistake; the business gives it back within a day or so, at times in two parts, or forgets to."""
    original = book.state("charges", charge)
    second = book.id("ch", "again", charge)
    intent = own_intent(book, original["amount"], original["customer"], second, original["currency"])
    charge_card(book, second, intent, original["amount"], original["customer"], None, available_on=settles_at(book))
    if book.chance("called back", second) < CALLED_BACK_SHARE:
        book.plan(book.now + book.pick(3, 20, "called back after", second) * DAY, "open_dispute", second, "duplicate")
        return
    after = book.now + book.pick(7200, DAY, "refunded after", second)
    if book.chance("in two parts", second) < 0.4:
        half = original["amount"] // 2
        book.plan(after, "refund", second, half, 1)
        book.plan(after + book.pick(600, 20_000, "rest after", second), "refund", second, original["amount"] - half, 2)
    else:
        book.plan(after, "refund", second, original["amount"], 1)


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
