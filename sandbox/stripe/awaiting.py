"""What an open invoice waits for: a payment intent and the invoice payment that links it, until paid or canceled."""

from __future__ import annotations

from typing import Any

from sandbox.stripe.book import Book


def await_payment(book: Book, id: str, ordinal: int) -> None:
    """Adds the payment intent and the invoice payment for what is still due."""
    invoice = book.state("invoices", id)
    intent = book.id("pi", id, ordinal)
    waiting = new_intent(book, intent, invoice["amount_remaining"], invoice["customer"], id, invoice["currency"])
    book.put("payment_intents", waiting, "payment_intent.created")
    payment = book.id("inpay", id, ordinal)
    book.put(
        "invoice_payments",
        {
            "id": payment,
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": invoice["amount_remaining"],
            "created": book.now,
            "currency": invoice["currency"],
            "invoice": id,
            "is_default": True,
            "livemode": False,
            "payment": {"type": "payment_intent", "payment_intent": intent},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        },
    )
    book.change("invoices", id, _intent=intent, _payment=payment, _ordinal=ordinal)


def new_intent(book: Book, id: str, amount: int, customer: str | None, invoice: str | None, currency: str) -> dict[str, Any]:
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
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "description": "Payment for Invoice" if invoice else "Payment",
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "managed_payments": {"enabled": False},
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
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
