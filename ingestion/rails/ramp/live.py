"""Ramp, asked live: what the card owes, recent card spending, a bill it pays for the ledger, whether it answers and for what.

A bill is asked for by its own id, or by the ledger's where Ramp once said that the two are one (`ingestion.control.links`):
its list cannot be searched by the ledger's id. What records say is in `rows`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote

from ingestion.clock import utc_text
from ingestion.control.facts import Connection
from ingestion.control.links import linked_records
from ingestion.fetching import FetchSession, Traffic
from ingestion.live.adapter import KnownRecord, LiveRail
from ingestion.live.facts import Question, Row, Scopes
from ingestion.live.shapes import RECENT
from ingestion.rails.ramp.arrivals import BILLS, keep
from ingestion.rails.ramp.client import RampClient, RecordNotFound
from ingestion.rails.ramp.lists import LISTS, OBJECTS, scope_of
from ingestion.rails.ramp.promise import RAMP
from ingestion.rails.ramp.rows import balance, bill_named, movement, probe
from ingestion.rails.ramp.walk import ListReader
from ingestion.rails.ramp.wire import Form, Record, read_object

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_VOLATILE = {entity.name: entity.volatile_fields for entity in RAMP.entities}


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
    return [balance(record.payload)] if entity == "balances" else [probe(record.payload)]


def recall(question: Question, records: Sequence[KnownRecord], at: datetime) -> Sequence[Row]:
    """The same rows from the change log."""
    kept = [record.payload for record in records if not record.is_deleted]
    if question.subject == "balances":
        return [balance(payload) for payload in kept]
    if question.subject == "transactions":
        return [row for row in map(movement, kept) if row.on and row.on >= (at - RECENT).date()]
    return bill_named(question.record_id, kept)


async def _read_bills(client: RampClient, session: FetchSession, connection: Connection, question: Question) -> Sequence[Row]:
    ids = [question.record_id] if UUID.fullmatch(question.record_id) else []
    ids += await asyncio.to_thread(linked_records, session.store.database, connection, BILLS, question.record_id)
    bills = {record_id: await _read_bill(client, record_id) for record_id in ids}
    if None in bills.values():
        # Ramp says the same 404 of a token it does not know, so the token is proven, or renewed, before a bill is taken for none.
        await _read_object(client, session, connection, "business")
        bills |= {record_id: await _read_bill(client, record_id) for record_id, bill in bills.items() if bill is None}
    found = [bill for bill in bills.values() if bill]
    keep(session, connection, BILLS, found)
    return bill_named(question.record_id, (record.payload for record in found))


async def _read_bill(client: RampClient, record_id: str) -> Record | None:
    """None when Ramp says it has no such bill, or does not know the token; that it was deleted is for a sync to find out."""
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
        rows.extend(movement(record.payload) for record in records)

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


ANSWERS = LiveRail(read, recall)
