"""What is in a draft of an invoice: the fields it begins with, its lines, and the amounts that follow from them."""

from __future__ import annotations

from typing import Any

from sandbox.stripe.book import Book
from sandbox.stripe.currencies import currency_of
from sandbox.stripe.money import midnight
from sandbox.world.billing import Billing

MANY_LINES_SHARE = 0.08


def draft(book: Book, id: str, step: Billing, customer: str, *, replaces: str = "", edition: int = 0) -> None:
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
        "automatically_finalizes_at": None,
        "automatic_tax": {"enabled": False, "liability": None, "status": None, "disabled_reason": None, "provider": None},
        "billing_reason": "manual",
        "collection_method": "send_invoice",
        "created": book.now,
        "currency": currency_of(book, step.customer),
        "custom_fields": None,
        "customer": customer,
        "customer_account": None,
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
    book.put("invoices", {**state, **amounts(book, id, step, edition)}, "invoice.created")


def amounts(book: Book, id: str, step: Billing, edition: int) -> dict[str, Any]:
    """The fields that follow from an invoice's lines, which are written here too; earlier lines of a draft are deleted."""
    for line in book.lines_of.pop(id, ()):
        book.tables["invoice_lines"].delete(line, {"id": line}, book.now)
    lines, currency = _spread(book, step), currency_of(book, step.customer)
    book.lines_of[id] = [_line(book, id, edition, number, currency, *line) for number, line in enumerate(lines)]
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


def _line(book: Book, invoice: str, edition: int, number: int, currency: str, text: str, quantity: int, amount: int) -> str:
    id = book.id("il", invoice, edition, number)
    state = {
        "id": id,
        "object": "line_item",
        "amount": amount,
        "currency": currency,
        "description": text,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice,
        "livemode": False,
        "metadata": {},
        "period": {"end": book.now, "start": book.now},
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subscription": None,
        "_item": book.id("ii", invoice, edition, number),
        "_unit": amount // quantity if quantity and amount % quantity == 0 else amount,
    }
    book.tables["invoice_lines"].put(state, book.now)
    return id
