"""How objects are spelled on the wire, in the shapes before and since the release basil (2025-03-31).

Basil took from the invoice its charge, payment intent and taxes, from charge and payment intent their invoice, and from lines
their price; since then invoice_payments link them. Fields whose name begins with `_` are the sandbox's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from sandbox.stripe.book import Book
from sandbox.stripe.currencies import presented
from sandbox.stripe.table import OLD, Version

_ENCODER = msgspec.json.Encoder()
LINES_CARRIED = 10


def body_of(book: Book, table: str, version: Version, shape: int) -> bytes:
    """The version's bytes in a shape, rendered once."""
    body = version.bodies[shape]
    if body is None:
        body = version.bodies[shape] = _ENCODER.encode(fields_of(book, table, version, shape))
    return body


def fields_of(book: Book, table: str, version: Version, shape: int) -> dict[str, Any]:
    """The version's fields in a shape; nested objects are rendered already."""
    state = version.state
    if version.deleted:
        return dict(state)
    fields = {name: value for name, value in state.items() if not name.startswith("_")}
    spell = _SPELLINGS.get(table)
    return presented(state, spell(book, state, fields, shape) if spell else fields)


def encode(value: Any) -> bytes:
    """A value as JSON."""
    return _ENCODER.encode(value)


def carried_lines(book: Book, invoice: Version) -> list[Version]:
    """The lines an invoice carries itself: the first ten."""
    return [book.tables["invoice_lines"].first[id] for id in invoice.state["_lines"][:LINES_CARRIED]]


def _invoice(book: Book, state: dict[str, Any], fields: dict[str, Any], shape: int) -> dict[str, Any]:
    ids, lines = state["_lines"], book.tables["invoice_lines"]
    # A line never changes, and stands in events after its draft is deleted.
    first = [msgspec.Raw(body_of(book, "invoice_lines", lines.first[id], shape)) for id in ids[:LINES_CARRIED]]
    url = f"/v1/invoices/{state['id']}/lines"
    fields["lines"] = {"object": "list", "data": first, "has_more": len(ids) > LINES_CARRIED, "total_count": len(ids), "url": url}
    tax = state["_tax"]
    if shape != OLD:
        taxes = [{"amount": tax, "tax_behavior": "exclusive", "taxability_reason": "standard_rated", "taxable_amount": state["subtotal"]}]
        return {**fields, "parent": None, "total_pretax_credit_amounts": [], "total_taxes": taxes if tax else []}
    for name in ("issuer", "amount_overpaid", "rendering"):
        fields.pop(name)
    return {
        **fields,
        "application_fee_amount": None,
        "charge": state["_charge"],
        "discount": None,
        "paid": state["status"] == "paid",
        "paid_out_of_band": state["_out_of_band"],
        "payment_intent": state["_intent"],
        "quote": None,
        "rendering_options": None,
        "subscription": None,
        "subscription_details": {"metadata": None},
        "tax": tax or None,
        "total_tax_amounts": [{"amount": tax, "inclusive": False, "taxable_amount": state["subtotal"]}] if tax else [],
        "transfer_data": None,
    }


def _line(book: Book, state: dict[str, Any], fields: dict[str, Any], shape: int) -> dict[str, Any]:
    price, product, unit = f"price_{state['_item'][3:]}", f"prod_{state['_item'][3:17]}", state["_unit"]
    if shape != OLD:
        details = {"invoice_item": state["_item"], "proration": False, "proration_details": None, "subscription": None}
        return {
            **fields,
            "parent": {"invoice_item_details": details, "subscription_item_details": None, "type": "invoice_item_details"},
            "pretax_credit_amounts": [],
            "pricing": {
                "price_details": {"price": price, "product": product},
                "type": "price_details",
                "unit_amount_decimal": str(unit),
            },
            "subtotal": state["amount"],
            "taxes": [],
        }
    priced = {
        "id": price, "object": "price", "active": False, "billing_scheme": "per_unit", "created": state["period"]["start"],
        "currency": "usd", "custom_unit_amount": None, "livemode": False, "lookup_key": None, "metadata": {}, "nickname": None,
        "product": product, "recurring": None, "tax_behavior": "unspecified", "tiers_mode": None, "transform_quantity": None,
        "type": "one_time", "unit_amount": unit, "unit_amount_decimal": str(unit),
    }  # fmt: skip
    return {
        **fields,
        "amount_excluding_tax": state["amount"],
        "invoice_item": state["_item"],
        "plan": None,
        "price": priced,
        "proration": False,
        "proration_details": {"credited_items": None},
        "tax_amounts": [],
        "tax_rates": [],
        "type": "invoiceitem",
        "unit_amount_excluding_tax": str(unit),
    }


def _with_invoice(book: Book, state: dict[str, Any], fields: dict[str, Any], shape: int) -> dict[str, Any]:
    return {**fields, "invoice": state["_invoice"]} if shape == OLD else fields


def _dispute(book: Book, state: dict[str, Any], fields: dict[str, Any], shape: int) -> dict[str, Any]:
    moved = state["balance_transactions"]
    fields["balance_transactions"] = [msgspec.Raw(body_of(book, "balance_transactions", version, shape)) for version in moved]
    return fields


def _balance(book: Book, state: dict[str, Any], fields: dict[str, Any], shape: int) -> dict[str, Any]:
    def held(cents: int) -> list[dict[str, Any]]:
        return [{"amount": cents, "currency": "usd", "source_types": {"card": cents}}]

    return {
        "object": "balance",
        "available": held(state["available"]),
        "connect_reserved": [{"amount": 0, "currency": "usd"}],
        "livemode": False,
        "pending": held(state["pending"]),
    }


def _event(book: Book, state: dict[str, Any], fields: dict[str, Any], shape: int) -> dict[str, Any]:
    """Events are written at the account's own version, whatever version asks for them."""
    table, version, before = state["_table"], state["_version"], state["_before"]
    told: dict[str, Any] = {"object": msgspec.Raw(body_of(book, table, version, OLD))}
    if before is not None:
        told["previous_attributes"] = _differences(fields_of(book, table, before, OLD), fields_of(book, table, version, OLD))
    return {
        "id": state["id"],
        "object": "event",
        "api_version": state["api_version"],
        "created": state["created"],
        "data": told,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "type": state["type"],
    }


def _differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in before.items() if name in after and encode(value) != encode(after[name])}


_SPELLINGS: dict[str, Callable[[Book, dict[str, Any], dict[str, Any], int], dict[str, Any]]] = {
    "invoices": _invoice,
    "invoice_lines": _line,
    "charges": _with_invoice,
    "payment_intents": _with_invoice,
    "disputes": _dispute,
    "balances": _balance,
    "events": _event,
}
