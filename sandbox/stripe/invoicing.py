"""Invoices from draft to paid, void or written off, with their lines and the payments that are to settle them.

Money itself: `sandbox.stripe.collecting`. A finalized invoice never changes its lines: it is voided and sent again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.stripe.book import Book
from sandbox.stripe.customers import DAY, customer_for
from sandbox.stripe.money import midnight
from sandbox.world.billing import Billing

FINALIZED_AFTER = 3600
MANY_LINES_SHARE, MISTAKEN_SHARE, DECLINED_SHARE, WRITTEN_OFF_SHARE = 0.08, 0.06, 0.1, 0.5
WRITTEN_OFF_AFTER = 60 * DAY


def sent(book: Book, step: Billing) -> None:
    """The business writes an invoice; an hour later Stripe finalizes it. At times it first wrote one by mistake and deletes it."""
    customer = customer_for(book, step)
    if book.chance("mistaken draft", step.invoice) < MISTAKEN_SHARE:
        mistaken = book.id("in", "mistaken", step.invoice)
        _draft(book, mistaken, step, customer)
        book.plan(book.now + book.pick(1200, DAY, "deleted after", mistaken), "delete_draft", mistaken)
    id = book.id("in", step.invoice, 0)
    book.invoice_of[step.invoice] = id
    _draft(book, id, step, customer)
    book.plan(book.now + FINALIZED_AFTER, "finalize", id)


def revised(book: Book, step: Billing) -> None:
    """The invoice has other lines: a draft is edited, a finalized one voided and replaced."""
    id = book.invoice_of[step.invoice]
    if not book.holds("invoices", id):
        return
    state = book.state("invoices", id)
    addressed = {"name": state["customer_name"], "email": state["customer_email"] or "", "phone": state["customer_phone"] or ""}
    step = replace(step, **addressed)
    if state["status"] == "draft":
        book.put("invoices", {**state, **_amounts(book, id, step, state["_edition"] + 1)}, "invoice.updated")
    elif state["status"] in ("open", "uncollectible"):
        void(book, id)
        again = book.id("in", step.invoice, state["_edition"] + 1)
        book.invoice_of[step.invoice] = again
        _draft(book, again, step, state["customer"], replaces=id, edition=state["_edition"] + 1)
        finalize(book, again)


def withdrawn(book: Book, step: Billing) -> None:
    """The ledger's invoice is gone: a draft is deleted, a finalized one voided."""
    id = book.invoice_of[step.invoice]
    if book.holds("invoices", id):
        if book.state("invoices", id)["status"] == "draft":
            delete_draft(book, id)
        elif book.state("invoices", id)["status"] in ("open", "uncollectible"):
            void(book, id)


def finalize(book: Book, id: str) -> None:
    """The draft becomes an invoice with a number, and waits for its payment."""
    if not book.holds("invoices", id) or book.state("invoices", id)["status"] != "draft":
        return
    state = book.state("invoices", id)
    times = {**state["status_transitions"], "finalized_at": book.now}
    fields: dict[str, Any] = {"status": "open", "status_transitions": times, "effective_at": book.now, "auto_advance": True}
    fields |= {"hosted_invoice_url": f"https://invoice.stripe.com/i/{book.account_id}/test_{id[3:]}"}
    fields |= {"invoice_pdf": f"https://pay.stripe.com/invoice/{book.account_id}/test_{id[3:]}/pdf", "ending_balance": 0}
    book.change("invoices", id, "invoice.finalized", "invoice.sent", **fields)
    await_payment(book, id, 1)
    due = state["due_date"]
    if due and book.chance("declined", id) < DECLINED_SHARE:
        book.plan(due + 12 * 3600, "decline", id)
    if due and book.chance("written off", id) < WRITTEN_OFF_SHARE:
        book.plan(due + WRITTEN_OFF_AFTER, "write_off", id)


def await_payment(book: Book, id: str, ordinal: int) -> None:
    """Adds the payment intent and the invoice payment for what is still due."""
    invoice = book.state("invoices", id)
    intent = book.id("pi", id, ordinal)
    book.put("payment_intents", new_intent(book, intent, invoice["amount_remaining"], invoice["customer"], id), "payment_intent.created")
    payment = book.id("inpay", id, ordinal)
    book.put(
        "invoice_payments",
        {
            "id": payment,
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": invoice["amount_remaining"],
            "created": book.now,
            "currency": "usd",
            "invoice": id,
            "is_default": True,
            "livemode": False,
            "payment": {"type": "payment_intent", "payment_intent": intent},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        },
    )
    book.change("invoices", id, _intent=intent, _payment=payment, _ordinal=ordinal)


def new_intent(book: Book, id: str, amount: int, customer: str | None, invoice: str | None) -> dict[str, Any]:
    """A payment intent that waits for a card."""
    return {
        "id": id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": None,
        "confirmation_method": "automatic",
        "created": book.now,
        "currency": "usd",
        "customer": customer,
        "description": "Payment for Invoice" if invoice else "Payment",
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
        "_invoice": invoice,
    }


def stop_waiting(book: Book, id: str) -> None:
    """Cancels the payment intent and the invoice payment that an invoice still waits for."""
    invoice = book.state("invoices", id)
    intent = book.state("payment_intents", invoice["_intent"]) if invoice["_intent"] else None
    if intent is None or intent["status"] != "requires_payment_method":
        return
    book.change("payment_intents", intent["id"], "payment_intent.canceled", status="canceled", canceled_at=book.now)
    times = {"canceled_at": book.now, "paid_at": None}
    book.change("invoice_payments", invoice["_payment"], status="canceled", status_transitions=times)


def void(book: Book, id: str) -> None:
    """Takes a finalized invoice back; it stays, with nothing due."""
    stop_waiting(book, id)
    state = book.state("invoices", id)
    times = {**state["status_transitions"], "voided_at": book.now}
    book.change("invoices", id, "invoice.voided", status="void", status_transitions=times, auto_advance=False)


def delete_draft(book: Book, id: str) -> None:
    """Deletes a draft for ever: reads of it find nothing, only an event tells."""
    if not book.holds("invoices", id) or book.state("invoices", id)["status"] != "draft":
        return
    last = book.tables["invoices"].current[id]
    for line in book.lines_of.pop(id):
        book.tables["invoice_lines"].delete(line, {"id": line}, book.now)
    book.tables["invoices"].delete(id, {"id": id, "object": "invoice", "deleted": True}, book.now)
    book.tell("invoice.deleted", "invoices", last)


def write_off(book: Book, id: str) -> None:
    """Two months overdue, an invoice is given up."""
    state = book.state("invoices", id)
    if state["status"] == "open":
        times = {**state["status_transitions"], "marked_uncollectible_at": book.now}
        book.change("invoices", id, "invoice.marked_uncollectible", status="uncollectible", status_transitions=times, auto_advance=False)


def _draft(book: Book, id: str, step: Billing, customer: str, *, replaces: str = "", edition: int = 0) -> None:
    """Writes a draft with its lines."""
    state: dict[str, Any] = {
        "id": id,
        "object": "invoice",
        "account_country": "US",
        "account_name": book.world.business.name,
        "account_tax_ids": None,
        "amount_paid": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": False,
        "automatic_tax": {"enabled": False, "liability": None, "status": None, "disabled_reason": None, "provider": None},
        "billing_reason": "manual",
        "collection_method": "send_invoice",
        "created": book.now,
        "currency": "usd",
        "custom_fields": None,
        "customer": customer,
        "customer_address": None,
        "customer_email": step.email or None,
        "customer_name": step.name,
        "customer_phone": step.phone or None,
        "customer_shipping": None,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "due_date": midnight(step.due) if step.due else None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": {"action": "revision", "invoice": replaces} if replaces else None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": f"{customer[-8:].upper()}-{step.invoice:04d}" + (f"-R{edition}" if edition else ""),
        "on_behalf_of": None,
        "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        "period_end": book.now,
        "period_start": book.now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": 0,
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {"finalized_at": None, "marked_uncollectible_at": None, "paid_at": None, "voided_at": None},
        "test_clock": None,
        "total_discount_amounts": [],
        "webhooks_delivered_at": None,
        "amount_overpaid": 0,
        "_intent": None,
        "_payment": None,
        "_charge": None,
        "_ordinal": 0,
        "_out_of_band": False,
    }
    book.put("invoices", {**state, **_amounts(book, id, step, edition)}, "invoice.created")


def _amounts(book: Book, id: str, step: Billing, edition: int) -> dict[str, Any]:
    """The fields that follow from an invoice's lines, which are written here too; earlier lines of a draft are deleted."""
    for line in book.lines_of.pop(id, ()):
        book.tables["invoice_lines"].delete(line, {"id": line}, book.now)
    lines = _spread(book, step)
    book.lines_of[id] = [_line(book, id, edition, number, *line) for number, line in enumerate(lines)]
    subtotal = step.total - step.tax
    return {
        "amount_due": step.total,
        "amount_remaining": step.total,
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total": step.total,
        "total_excluding_tax": subtotal,
        "_lines": list(book.lines_of[id]),
        "_tax": step.tax,
        "_edition": edition,
    }


def _spread(book: Book, step: Billing) -> list[tuple[str, int, int]]:
    """The lines as Stripe has them: some invoices itemise what the ledger sums up, with more lines than an invoice carries."""
    if book.chance("many lines", step.invoice) >= MANY_LINES_SHARE:
        return list(step.lines)
    text, _, first = step.lines[0]
    count = book.pick(11, 26, "lines", step.invoice)
    parts = [first // count + (first % count if number == 0 else 0) for number in range(count)]
    return [(f"{text}, item {number + 1}", 1, part) for number, part in enumerate(parts)] + list(step.lines[1:])


def _line(book: Book, invoice: str, edition: int, number: int, text: str, quantity: int, amount: int) -> str:
    id = book.id("il", invoice, edition, number)
    state = {
        "id": id,
        "object": "line_item",
        "amount": amount,
        "currency": "usd",
        "description": text,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice,
        "livemode": False,
        "metadata": {},
        "period": {"end": book.now, "start": book.now},
        "quantity": quantity,
        "subscription": None,
        "_item": book.id("ii", invoice, edition, number),
        "_unit": amount // quantity if quantity and amount % quantity == 0 else amount,
    }
    book.tables["invoice_lines"].put(state, book.now)
    return id
