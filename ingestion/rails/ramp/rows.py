"""What Ramp's records say to whom asks live, as rows of an answer: bills, card spending, what the card owes, whose it is.

The same whether a record comes from Ramp now or from the change log; asking is `live`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from ingestion.live.facts import Balance, Document, Movement, Probe
from ingestion.live.shapes import by_rate, day, decoder, minor_units


class _Amount(msgspec.Struct):
    amount: int | None = None
    currency_code: str | None = None
    minor_unit_conversion_rate: Any = None


class _Party(msgspec.Struct):
    id: str | None = None
    name: str | None = None


class _Payment(msgspec.Struct):
    payment_date: str | None = None


class _Bill(msgspec.Struct):
    id: str
    remote_id: str | None = None
    invoice_number: str | None = None
    vendor: _Party | None = None
    issued_at: str | None = None
    due_at: str | None = None
    amount: _Amount | None = None
    status: str | None = None
    approval_status: str | None = None
    archived_at: str | None = None
    payment: _Payment | None = None


class _Transaction(msgspec.Struct):
    id: str
    card_id: str | None = None
    amount: Decimal | None = None
    currency_code: str | None = None
    user_transaction_time: str | None = None
    merchant_name: str | None = None
    merchant_descriptor: str | None = None
    state: str | None = None


class _Balance(msgspec.Struct):
    available_card_limit: Decimal | None = None
    card_balance_including_pending: Decimal | None = None


class _Business(msgspec.Struct):
    business_name_legal: str | None = None
    business_name_on_card: str | None = None


_bill, _transaction = decoder(_Bill), decoder(_Transaction)
_balance, _business = decoder(_Balance), decoder(_Business)


def bill_named(record_id: str, payloads: Iterable[bytes]) -> Sequence[Document]:
    """The bill among `payloads` of that id, its own or the ledger's; of several the one not taken back, as the models take it."""
    named = [bill for bill in map(_bill, payloads) if record_id in (bill.remote_id, bill.id)]
    kept = sorted((bill for bill in named if bill.status != "DRAFT"), key=lambda bill: (bill.archived_at is not None, bill.id))
    return [_document(bill) for bill in kept[:1]]


def movement(payload: bytes) -> Movement:
    """A card transaction."""
    one = _transaction(payload)
    return Movement(
        record_id=one.id,
        account_id=one.card_id,
        on=day(one.user_transaction_time),
        # Ramp counts what was spent.
        amount=None if one.amount is None else -one.amount,
        currency=one.currency_code,
        description=one.merchant_descriptor or one.merchant_name,
        party_name=one.merchant_name,
        status=(one.state or "unknown").lower(),
    )


def balance(payload: bytes) -> Balance:
    """What the card owes."""
    one = _balance(payload)
    return Balance(
        account_id="card",
        account_name="Ramp card",
        kind="card",
        cash_amount=None,
        current_amount=one.card_balance_including_pending,
        available_amount=one.available_card_limit,
        currency=None,
    )


def probe(payload: bytes) -> Probe:
    """Whose account it is."""
    one = _business(payload)
    return Probe(state="connected", label=one.business_name_legal or one.business_name_on_card)


def _document(bill: _Bill) -> Document:
    amount, party = bill.amount or _Amount(), bill.vendor or _Party()
    status = _status(bill)
    total = by_rate(amount.amount, amount.minor_unit_conversion_rate)
    if amount.minor_unit_conversion_rate is None:
        total = minor_units(amount.amount, amount.currency_code, "iso")
    return Document(
        record_id=bill.id,
        document_number=bill.invoice_number,
        party_id=party.id,
        party_name=party.name,
        txn_date=day(bill.issued_at),
        due_date=day(bill.due_at),
        total_amount=total,
        open_amount=None,
        currency=amount.currency_code,
        status=status or "archived",
        has_say=status is not None,
        approval_status=bill.approval_status.lower() if bill.approval_status else None,
        payment_date=_payment_date(bill),
    )


def _status(bill: _Bill) -> str | None:
    """As the model `int_ramp_bills` has it; None where Ramp has no say, because the bill was taken back from it."""
    if bill.archived_at is not None:
        return None
    if bill.status == "PAID":
        return "paid"
    if bill.approval_status in ("REJECTED", "TERMINATED"):
        return "rejected"
    if _payment_date(bill) is not None:
        return "in_flight"
    if bill.approval_status in ("PENDING", "INITIALIZED"):
        return "pending_approval"
    return "open" if bill.status == "OPEN" else None


def _payment_date(bill: _Bill) -> date | None:
    return day(bill.payment.payment_date) if bill.payment else None
