"""Charges of cards: those that succeed move money and fulfil an intent. Who is charged and why: `sandbox.stripe.collecting`."""

from __future__ import annotations

from typing import Any

from sandbox.stripe.awaiting import new_intent
from sandbox.stripe.book import Book
from sandbox.stripe.currencies import HOME
from sandbox.stripe.money import transact
from sandbox.world.reality import stripe_fee


def own_intent(book: Book, amount: int, customer: str | None, what: object, currency: str = HOME) -> str:
    """A payment intent of its own, for money that no invoice waits for."""
    id = book.id("pi", "own", what)
    book.put("payment_intents", new_intent(book, id, amount, customer, None, currency), "payment_intent.created")
    return id


def charge_card(book: Book, id: str, intent: str, amount: int, customer: str | None, invoice: str | None, *, available_on: int) -> None:
    """A charge that succeeds, its balance transaction, and the intent it fulfils."""
    fee, currency = stripe_fee(amount), book.state("payment_intents", intent)["currency"]
    state = new_charge(book, id, intent, amount, customer, invoice)
    moved = transact(book, "charge", amount, fee, id, state["description"], available_on=available_on, currency=currency)
    state["balance_transaction"] = moved
    book.put("charges", state, "charge.succeeded")
    book.change(
        "payment_intents", intent, "payment_intent.succeeded",
        status="succeeded", amount=amount, amount_received=amount, latest_charge=id, last_payment_error=None,
        payment_method=state["payment_method"],
    )  # fmt: skip


def new_charge(book: Book, id: str, intent: str, amount: int, customer: str | None, invoice: str | None) -> dict[str, Any]:
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
        "currency": book.state("payment_intents", intent)["currency"],
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
