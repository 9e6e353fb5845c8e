"""Stripe, asked live: what it holds for the account, recent movements of that, an invoice of its own, whether the key works.

An invoice is asked for by Stripe's id, or by the ledger's where the two were matched for sure (`ingestion.control.links`);
Stripe itself names no invoice of the ledger. What records say is in `rows`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime

from ingestion.control.facts import Connection
from ingestion.control.links import linked_records
from ingestion.fetching import FetchSession, Traffic
from ingestion.live.adapter import KnownRecord, LiveRail
from ingestion.live.facts import Probe, Question, Row, Scopes
from ingestion.live.shapes import RECENT
from ingestion.rails.stripe.account import expects_live, open_client, verify
from ingestion.rails.stripe.client import ObjectMissing
from ingestion.rails.stripe.listings import LISTINGS, walk
from ingestion.rails.stripe.promise import STRIPE
from ingestion.rails.stripe.reading import AccountReading
from ingestion.rails.stripe.rows import balances, document, label, movement
from ingestion.rails.stripe.wire import Record, read_object

INVOICE_ID = re.compile(r"in_[A-Za-z0-9]{1,100}")
_VOLATILE = {entity.name: entity.volatile_fields for entity in STRIPE.entities}


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
        return balances(verified.records["balances"].payload)
    called = label(verified.records["accounts"].payload) if "accounts" in verified.records else None
    return [Probe(state="connected", label=called)]


def recall(question: Question, records: Sequence[KnownRecord], at: datetime) -> Sequence[Row]:
    """The same rows from the change log."""
    kept = [record.payload for record in records if not record.is_deleted]
    if question.subject == "balances":
        return [row for payload in kept for row in balances(payload)]
    if question.subject == "transactions":
        return [row for row in map(movement, kept) if row.on and row.on >= (at - RECENT).date()]
    asked = [record for record in records if record.is_linked or record.record_id == question.record_id]
    return [document(record.payload) for record in asked if not record.is_deleted]


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
            rows.append(document(record.payload))
    return rows


async def _read_transactions(reading: AccountReading) -> Sequence[Row]:
    entity, rows = "balance_transactions", list[Row]()

    def take(records: list[Record]) -> None:
        reading.spool(entity, records)
        rows.extend(movement(record.payload) for record in records)

    since = int((reading.started - RECENT).timestamp())
    await walk(reading.client, LISTINGS[entity], take, since=since, volatile=_VOLATILE[entity])
    return rows


ANSWERS = LiveRail(read, recall)
