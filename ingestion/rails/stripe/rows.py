"""What Stripe's records say to whom asks live, as rows of an answer: what is held, movements of that, an invoice, whose account.

The same whether a record comes from Stripe now or from the change log; asking is `live`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from ingestion.live.facts import Balance, Document, Movement
from ingestion.live.shapes import decoder, from_unix, minor_units

STATUSES = {"draft": "draft", "open": "open", "paid": "paid", "uncollectible": "uncollectible", "void": "voided"}


class _Money(msgspec.Struct):
    amount: int | None = None
    currency: str | None = None


class _Balance(msgspec.Struct):
    available: list[_Money] = []
    pending: list[_Money] = []


class _BalanceTransaction(msgspec.Struct):
    id: str
    net: int | None = None
    currency: str | None = None
    created: int | None = None
    description: str | None = None
    type: str | None = None
    status: str | None = None


class _Invoice(msgspec.Struct):
    id: str
    number: str | None = None
    customer: Any = None
    customer_name: str | None = None
    created: int | None = None
    due_date: int | None = None
    total: int | None = None
    amount_remaining: int | None = None
    currency: str | None = None
    status: str | None = None


class _Profile(msgspec.Struct):
    name: str | None = None


class _Account(msgspec.Struct):
    business_profile: _Profile | None = None
    email: str | None = None


_held, _booked = decoder(_Balance), decoder(_BalanceTransaction)
_invoice, _account = decoder(_Invoice), decoder(_Account)


def balances(payload: bytes) -> list[Balance]:
    """A row per currency; what is pending will be available, so it is part of what is held."""
    held = _held(payload)
    available: dict[str, int] = {}
    total: dict[str, int] = {}
    for amounts, sums in ((held.available, (available, total)), (held.pending, (total,))):
        for one in amounts:
            for each in sums:
                currency = (one.currency or "").upper()
                each[currency] = each.get(currency, 0) + (one.amount or 0)
    return [
        Balance(
            account_id=f"stripe_{currency.lower()}",
            account_name="Stripe balance",
            kind="processor",
            cash_amount=None,
            current_amount=_amount(total[currency], currency),
            available_amount=_amount(available.get(currency, 0), currency),
            currency=currency,
        )
        for currency in sorted(total)
    ]


def movement(payload: bytes) -> Movement:
    """A movement of the balance, after Stripe's fee."""
    one = _booked(payload)
    created = from_unix(one.created)
    return Movement(
        record_id=one.id,
        account_id=f"stripe_{(one.currency or '').lower()}",
        on=created.date() if created else None,
        amount=_amount(one.net, one.currency),
        currency=(one.currency or "").upper() or None,
        description=one.description or one.type,
        party_name=None,
        status="posted" if one.status == "available" else one.status or "unknown",
    )


def document(payload: bytes) -> Document:
    """An invoice of Stripe's own."""
    one = _invoice(payload)
    created, due = from_unix(one.created), from_unix(one.due_date)
    total, remaining = _amount(one.total, one.currency), _amount(one.amount_remaining, one.currency)
    status = STATUSES.get(one.status or "", "unknown")
    if status == "open" and total is not None and remaining is not None and remaining < total:
        status = "partly_paid"
    return Document(
        record_id=one.id,
        document_number=one.number,
        party_id=one.customer if isinstance(one.customer, str) else None,
        party_name=one.customer_name,
        txn_date=created.date() if created else None,
        due_date=due.date() if due else None,
        total_amount=total,
        open_amount=remaining,
        currency=(one.currency or "").upper() or None,
        status=status,
        # What was voided was taken back from Stripe; whether the ledger's is no more is the ledger's to say.
        has_say=status not in ("draft", "voided", "unknown"),
    )


def label(payload: bytes) -> str | None:
    """What an account is called."""
    one = _account(payload)
    return (one.business_profile and one.business_profile.name) or one.email


def _amount(amount: int | None, currency: str | None) -> Decimal | None:
    return minor_units(amount, currency, "stripe")
