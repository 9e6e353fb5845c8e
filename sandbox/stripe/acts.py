"""The names under which acts stand on an account's agenda, and how an account begins."""

from __future__ import annotations

from typing import Any

from sandbox.stripe import collecting, customers, invoicing, money, paying_out, returning
from sandbox.stripe.book import Act, Book

ACTS: dict[str, Act] = {
    # Notes of the world.
    "sent": invoicing.sent,
    "revised": invoicing.revised,
    "withdrawn": invoicing.withdrawn,
    "applied": collecting.applied,
    "received": collecting.received,
    "paid_out": paying_out.paid_out,
    # What is told to the sandbox.
    "touch": customers.touch,
    "stripe_late": customers.edit_late,
    # What follows.
    "finalize": invoicing.finalize,
    "delete_draft": invoicing.delete_draft,
    "write_off": invoicing.write_off,
    "decline": collecting.decline,
    "pay_again": collecting.pay_again,
    "refund": returning.refund,
    "refund_arrives": returning.refund_arrives,
    "refund_fails": returning.refund_fails,
    "open_dispute": returning.open_dispute,
    "answer_dispute": returning.answer_dispute,
    "close_dispute": returning.close_dispute,
    "edit_customer": customers.edit_customer,
    "delete_customer": customers.delete_customer,
    "becomes_available": money.becomes_available,
    "payout_moves": paying_out.payout_moves,
    "come_back": paying_out.come_back,
    "pay_out_again": paying_out.pay_out_again,
}


def found(book: Book) -> None:
    """The account as it is before anything happens: itself and an empty balance."""
    world = book.world
    created = world.accounts[1].created
    book.now = created
    book.put("accounts", account_object(book.account_id, world.business.name, world.business.timezone, created))
    book.put("balances", {"available": 0, "pending": 0, "created": created}, id="1")


def account_object(id: str, name: str, timezone: str, created: int) -> dict[str, Any]:
    """An account in good standing."""
    nothing: dict[str, Any] = {
        "alternatives": [], "current_deadline": None, "currently_due": [], "disabled_reason": None, "errors": [],
        "eventually_due": [], "past_due": [], "pending_verification": [],
    }  # fmt: skip
    return {
        "id": id,
        "object": "account",
        "business_profile": {"mcc": None, "name": name, "support_email": None, "support_phone": None, "url": None},
        "business_type": "company",
        "capabilities": {"card_payments": "active", "transfers": "active"},
        "charges_enabled": True,
        "controller": {"type": "account"},
        "country": "US",
        "created": created,
        "default_currency": "usd",
        "details_submitted": True,
        "email": None,
        "external_accounts": {"object": "list", "data": [], "has_more": False, "url": f"/v1/accounts/{id}/external_accounts"},
        "future_requirements": nothing,
        "metadata": {},
        "payouts_enabled": True,
        "requirements": nothing,
        "settings": {
            "dashboard": {"display_name": name, "timezone": timezone},
            "payouts": {
                "debit_negative_balances": True,
                "schedule": {"delay_days": 2, "interval": "daily"},
                "statement_descriptor": None,
            },
        },
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
        "type": "standard",
    }
