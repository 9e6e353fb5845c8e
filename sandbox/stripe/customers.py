"""The account's customers: entered with their first invoice, edited and at times deleted later. Only events tell of either."""

from __future__ import annotations

from typing import Any

from sandbox.seeds import derived_secret, seeded_dice
from sandbox.stripe.book import Book
from sandbox.stripe.currencies import currency_of
from sandbox.world.billing import Billing

DAY = 86_400
EDITED_SHARE, DELETED_SHARE = 0.2, 0.06


def customer_for(book: Book, step: Billing) -> str:
    """The customer an invoice goes to; who was deleted is entered anew."""
    known = book.customer_of.get(step.customer, "")
    if known and book.holds("customers", known):
        return known
    generation = book.entered_again(step.customer)
    id = book.id("cus", step.customer, generation)
    address = {
        "city": book.world.business.city,
        "country": "US",
        "line1": step.street,
        "line2": None,
        "postal_code": None,
        "state": book.world.business.state,
    }
    book.put(
        "customers",
        {
            "id": id,
            "object": "customer",
            "address": address if step.street else None,
            "balance": 0,
            "created": book.now,
            "currency": currency_of(book, step.customer),
            "default_source": None,
            "delinquent": False,
            "description": None,
            "discount": None,
            "email": step.email or None,
            "invoice_prefix": derived_secret(8, id).upper(),
            "invoice_settings": {
                "custom_fields": None,
                "default_payment_method": None,
                "footer": None,
                "rendering_options": None,
            },
            "livemode": False,
            "metadata": {},
            "name": step.name,
            "next_invoice_sequence": 1,
            "phone": step.phone or None,
            "preferred_locales": [],
            "shipping": None,
            "tax_exempt": "none",
            "test_clock": None,
        },
        "customer.created",
    )
    book.customer_of[step.customer] = id
    if book.chance("customer edited", id) < EDITED_SHARE:
        book.plan(book.now + book.pick(5, 160, "edited after", id) * DAY, "edit_customer", id, 1)
    if book.chance("customer deleted", id) < DELETED_SHARE:
        book.plan(book.now + book.pick(20, 200, "deleted after", id) * DAY, "delete_customer", id)
    return id


def edit_customer(book: Book, id: str, ordinal: int) -> None:
    """A customer's phone or address is corrected, and again some months later."""
    if not book.holds("customers", id):
        return
    digits = book.pick(0, 9999, "phone", id, ordinal)
    fields: dict[str, Any] = {"phone": f"+1555{book.pick(100, 999, 'area', id, ordinal)}{digits:04d}"}
    if book.chance("tells a description", id, ordinal) < 0.4:
        fields = {"description": f"Prefers contact by e-mail, note {ordinal}"}
    book.change("customers", id, "customer.updated", **fields)
    book.plan(book.now + book.pick(40, 120, "edited again", id, ordinal) * DAY, "edit_customer", id, ordinal + 1)


def delete_customer(book: Book, id: str) -> None:
    """A customer without an open invoice is deleted; with one, later."""
    if any(state["customer"] == id and state["status"] in ("draft", "open") for state in book.present("invoices")):
        book.plan(book.now + 10 * DAY, "delete_customer", id)
        return
    last = book.tables["customers"].current[id]
    book.tables["customers"].delete(id, {"id": id, "object": "customer", "deleted": True}, book.now)
    book.tell("customer.deleted", "customers", last)


def touch(book: Book, operation: dict[str, Any], ordinal: int) -> None:
    """Somebody notes a review at a share of the customers."""
    ids = list(book.tables["customers"].order)
    share = operation["share"]
    count = min(len(ids), max(1, round(share * len(ids))) if share > 0 else 0)
    for id in seeded_dice(book.seed, "stripe touch", ordinal).sample(ids, count):
        book.change("customers", id, "customer.updated", metadata={"reviewed": str(ordinal)})


def edit_late(book: Book, operation: dict[str, Any], ordinal: int) -> None:
    """An edit whose event is stamped five minutes ago: before what was already read."""
    ids = book.tables["customers"].order
    if not ids:
        return
    id = ids[book.pick(0, len(ids) - 1, "late", ordinal)]
    before = book.tables["customers"].current[id]
    version = book.change("customers", id, metadata={"amended": str(ordinal)})
    book.tell("customer.updated", "customers", version, before, at=book.now - 300)
