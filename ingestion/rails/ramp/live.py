"""Ramp, asked live: what the card owes, recent card spending, a bill it pays for the ledger, whether it answers and for what.

A bill is asked for by its own id, or by the ledger's where Ramp once said that the two are one (`ingestion.control.links`):
its list cannot be searched by the ledger's id.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import msgspec

from ingestion.clock import utc_text
from ingestion.control.facts import Connection
from ingestion.control.links import linked_records
from ingestion.fetching import FetchSession, Traffic
from ingestion.live.adapter import KnownRecord, LiveRail
from ingestion.live.facts import Balance, Document, Movement, Probe, Question, Row, Scopes
from ingestion.live.shapes import RECENT, by_rate, day, decoder, minor_units
from ingestion.rails.ramp.arrivals import BILLS, keep
from ingestion.rails.ramp.client import RampClient, RecordNotFound
from ingestion.rails.ramp.lists import LISTS, OBJECTS, scope_of
from ingestion.rails.ramp.promise import RAMP
from ingestion.rails.ramp.walk import ListReader
from ingestion.rails.ramp.wire import Form, Record, read_object

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VOLATILE = {entity.name: entity.volatile_fields for entity in RAMP.entities}


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


async def read(session: FetchSession, connection: Connection, question: Question, traffic: Traffic) -> Sequence[Row]:
    """Asks Ramp; see `ingestion.live.adapter.Read`."""
    client = RampClient(session, connection, traffic)
    if question.subject == "bill":
        return await _read_bills(client, session, connection, question)
    if question.subject == "transactions":
        return await _read_transactions(client, session, connection)
    if question.subject == "permissions":
        return [await _scopes(client, session, connection)]
    entity = "balances" if question.subject == "balances" else "business"
    record = await _read_object(client, session, connection, entity)
    return [_balance_row(record.payload)] if entity == "balances" else [_probe_row(record.payload)]


def recall(question: Question, records: Sequence[KnownRecord], at: datetime) -> Sequence[Row]:
    """The same rows from the change log."""
    if question.subject == "balances":
        return [_balance_row(record.payload) for record in records if not record.is_deleted]
    if question.subject == "transactions":
        found = [_movement(record.payload) for record in records if not record.is_deleted]
        return [row for row in found if row.on and row.on >= (at - RECENT).date()]
    bills = [(_bill(record.payload), record) for record in records if not record.is_deleted]
    return _settled([bill for bill, record in bills if question.record_id in (bill.remote_id, bill.id)])


async def _read_bills(client: RampClient, session: FetchSession, connection: Connection, question: Question) -> Sequence[Row]:
    ids = [question.record_id] if UUID.fullmatch(question.record_id) else []
    ids += await asyncio.to_thread(linked_records, session.store.database, connection, BILLS, question.record_id)
    found = [record for record_id in ids if (record := await _read_bill(client, record_id))]
    keep(session, connection, BILLS, found)
    bills = [_bill(record.payload) for record in found]
    return _settled([bill for bill in bills if question.record_id in (bill.remote_id, bill.id)])


async def _read_bill(client: RampClient, record_id: str) -> Record | None:
    """None when Ramp says it has no such bill; that it was deleted is for a sync to find out, which proves the token first."""
    form = Form(LISTS[BILLS].stamp, _VOLATILE[BILLS])
    for path in LISTS[BILLS].by_id:
        url = client.address(path + quote(record_id, safe=""), {})
        try:
            return await client.get(url, lambda body: read_object(body, form), may_be_missing=True)
        except RecordNotFound:
            continue
    return None


async def _read_transactions(client: RampClient, session: FetchSession, connection: Connection) -> Sequence[Row]:
    entity, rows = "transactions", list[Row]()

    def take(records: Sequence[Record]) -> None:
        keep(session, connection, entity, records)
        rows.extend(_movement(record.payload) for record in records)

    since = utc_text(session.clock() - RECENT)
    reader = ListReader(client, Form(LISTS[entity].stamp, _VOLATILE[entity]))
    await reader.read("/transactions", {"state": "ALL", "from_date": since}, take)
    return rows


async def _read_object(client: RampClient, session: FetchSession, connection: Connection, entity: str) -> Record:
    one = OBJECTS[entity]
    form = Form(one.stamp, _VOLATILE[entity])
    record = await client.get(client.address(one.path, {}), lambda body: read_object(body, form, one.record_id))
    keep(session, connection, entity, [record])
    return record


async def _scopes(client: RampClient, session: FetchSession, connection: Connection) -> Scopes:
    """What the token was granted, as the token endpoint said, after a call that proves the token."""
    needed = {scope_of(entity.name) for entity in RAMP.entities}
    lacking = await client.missing_scopes(needed)
    await _read_object(client, session, connection, "business")
    token = await asyncio.to_thread(session.store.token, connection)
    granted = set((token.scope or "").split()) or needed - lacking
    return Scopes(granted=tuple(sorted(granted)), lacking=tuple(sorted(lacking)))


def _settled(bills: Sequence[_Bill]) -> Sequence[Row]:
    """Of several bills under one id of the ledger the one not taken back, as the models take it."""
    kept = sorted((bill for bill in bills if bill.status != "DRAFT"), key=lambda bill: (bill.archived_at is not None, bill.id))
    return [_document(bill) for bill in kept[:1]]


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


def _movement(payload: bytes) -> Movement:
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


def _balance_row(payload: bytes) -> Balance:
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


def _probe_row(payload: bytes) -> Probe:
    one = _business(payload)
    return Probe(state="connected", label=one.business_name_legal or one.business_name_on_card)


ANSWERS = LiveRail(read, recall)
