"""Stripe, asked live: what it holds for the account, recent movements of that, an invoice of its own, whether the key works.

An invoice is asked for by Stripe's id, or by the ledger's where the two are linked (`ingestion.control.links`); Stripe itself
names no invoice of the ledger.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from ingestion.control.facts import Connection
from ingestion.control.links import linked_records
from ingestion.fetching import FetchSession, Traffic
from ingestion.live.adapter import KnownRecord, LiveRail
from ingestion.live.facts import Balance, Document, Movement, Probe, Question, Row, Scopes
from ingestion.live.shapes import RECENT, decoder, from_unix, minor_units
from ingestion.rails.stripe.account import expects_live, open_client, verify
from ingestion.rails.stripe.client import ObjectMissing
from ingestion.rails.stripe.listings import LISTINGS, walk
from ingestion.rails.stripe.promise import STRIPE
from ingestion.rails.stripe.reading import AccountReading
from ingestion.rails.stripe.wire import Record, read_object

INVOICE_ID = re.compile(r"in_[A-Za-z0-9]{1,100}")
STATUSES = {"draft": "draft", "open": "open", "paid": "paid", "uncollectible": "uncollectible", "void": "voided"}
_VOLATILE = {entity.name: entity.volatile_fields for entity in STRIPE.entities}


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


async def read(session: FetchSession, connection: Connection, question: Question, traffic: Traffic) -> Sequence[Row]:
    """Asks Stripe; see `ingestion.live.adapter.Read`. Whose key it is, is asked first, as in every fetch."""
    invoices = await _invoices_asked(session, connection, question)
    if question.subject == "invoice" and not invoices:
        return []
    client, secret = await open_client(session, connection, traffic)
    verified = await verify(client, connection.connection_id, expects_live(secret))
    reading = AccountReading(session, connection, client)
    for name, record in verified.records.items():
        reading.spool(name, [record])
    if question.subject == "invoice":
        return await _read_invoices(reading, invoices)
    if question.subject == "transactions":
        return await _read_transactions(reading)
    if question.subject == "permissions":
        kind = "restricted" if secret["api_key"].startswith("rk_") else "full"
        lacking = tuple(sorted(f"{name} (read)" for name in verified.errors))
        note = "Stripe does not list what a key may read; account and balance were tried"
        return [Scopes(granted=(f"{kind} key",), lacking=lacking, note=note)]
    if question.subject == "balances":
        if "balances" in verified.errors:
            raise verified.errors["balances"]
        return _balances(verified.records["balances"].payload)
    label = _label(verified.records["accounts"].payload) if "accounts" in verified.records else None
    return [Probe(state="connected", label=label)]


def recall(question: Question, records: Sequence[KnownRecord], at: datetime) -> Sequence[Row]:
    """The same rows from the change log."""
    kept = [record.payload for record in records if not record.is_deleted]
    if question.subject == "balances":
        return [row for payload in kept for row in _balances(payload)]
    if question.subject == "transactions":
        return [row for row in map(_movement, kept) if row.on and row.on >= (at - RECENT).date()]
    return [_document(record.payload) for record in records if record.record_id == question.record_id and not record.is_deleted]


async def _invoices_asked(session: FetchSession, connection: Connection, question: Question) -> list[str]:
    if question.subject != "invoice":
        return []
    if INVOICE_ID.fullmatch(question.record_id):
        return [question.record_id]
    return await asyncio.to_thread(linked_records, session.store.database, connection, "invoices", question.record_id)


async def _read_invoices(reading: AccountReading, record_ids: Sequence[str]) -> Sequence[Row]:
    rows = []
    for record_id in record_ids:
        path = f"{LISTINGS['invoices'].path}/{record_id}"
        try:
            record: Record = await reading.client.get(path, {}, lambda body: read_object(body, _VOLATILE["invoices"]))
        except ObjectMissing:
            continue
        if not record.is_deleted:
            reading.spool("invoices", [record])
            rows.append(_document(record.payload))
    return rows


async def _read_transactions(reading: AccountReading) -> Sequence[Row]:
    entity, rows = "balance_transactions", list[Row]()

    def take(records: list[Record]) -> None:
        reading.spool(entity, records)
        rows.extend(_movement(record.payload) for record in records)

    since = int((reading.started - RECENT).timestamp())
    await walk(reading.client, LISTINGS[entity], take, since=since, volatile=_VOLATILE[entity])
    return rows


def _balances(payload: bytes) -> list[Balance]:
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


def _movement(payload: bytes) -> Movement:
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


def _document(payload: bytes) -> Document:
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
        has_say=status not in ("draft", "unknown"),
    )


def _label(payload: bytes) -> str | None:
    one = _account(payload)
    return (one.business_profile and one.business_profile.name) or one.email


def _amount(amount: int | None, currency: str | None) -> Decimal | None:
    return minor_units(amount, currency, "stripe")


ANSWERS = LiveRail(read, recall)
