"""One account's fetch: first whose key it is, then what happened since the last time, then each entity by itself.

An entity is walked whole when it never was, when its last reading lies beyond the feed's reach, or when the key may not
read the feed. How one entity is read: `entities`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingestion.answers import UnreadablePage
from ingestion.control.facts import Connection
from ingestion.fetching import EntityReport, FetchSession, RailError, Traffic
from ingestion.promise import EntityPromise
from ingestion.rails.stripe.account import check_mode, expects_live, open_client, verify
from ingestion.rails.stripe.client import FATAL
from ingestion.rails.stripe.entities import read_entity, read_invoices, read_payouts
from ingestion.rails.stripe.feed import is_live_event
from ingestion.rails.stripe.lines import ENTITY as INVOICE_LINES
from ingestion.rails.stripe.listings import LISTINGS, walk
from ingestion.rails.stripe.marks import Mark
from ingestion.rails.stripe.members import ENTITY as PAYOUT_TRANSACTIONS
from ingestion.rails.stripe.reading import HORIZON, AccountReading, together
from ingestion.rails.stripe.wire import Record, split_list


async def fetch(session: FetchSession, connection: Connection, entities: Sequence[EntityPromise], traffic: Traffic) -> list[EntityReport]:
    """Reads `entities` of one account into the session's spool and reports on each."""
    client, secret = await open_client(session, connection, traffic)
    reading = AccountReading(session, connection, client)
    try:
        return await _read(reading, entities, expects_live(secret))
    except UnreadablePage as page:
        session.set_aside(connection, "accounts", page.reason, page.body)
        raise


async def _read(reading: AccountReading, entities: Sequence[EntityPromise], is_live: bool) -> list[EntityReport]:
    wanted = {entity.name: entity for entity in entities}
    verified = await verify(reading.client, reading.connection.connection_id, is_live)
    if "balances" in verified.records:
        reading.balance_hash = verified.records["balances"].content_hash
    reports = []
    for name in wanted.keys() & {"accounts", "balances"}:
        if name in verified.errors:
            reports.append(reading.failure(name, verified.errors[name], 0))
        else:
            reading.spool(name, [verified.records[name]])
            reports.append(EntityReport(name, "succeeded", 1, watermark=Mark(reading.read_at).text()))
    listed = [entity for entity in entities if not entity.is_single]
    if not listed:
        return reports
    reading.find_marks(listed)
    await _read_feed(reading, wanted.get("events"), is_live)
    if "events" in wanted:
        reports.append(_report_of_events(reading))
    invoices = {name: wanted[name] for name in ("invoices", INVOICE_LINES) if name in wanted}
    payouts = {name: wanted[name] for name in ("payouts", PAYOUT_TRANSACTIONS) if name in wanted}
    others = [entity for entity in listed if entity.name not in ("events", *invoices, *payouts)]
    readings = [read_entity(reading, entity) for entity in others]
    if invoices:
        readings.append(read_invoices(reading, invoices))
    if payouts:
        readings.append(read_payouts(reading, payouts))
    return reports + [report for found in await together(readings) for report in found]


async def _read_feed(reading: AccountReading, events: EntityPromise | None, is_live: bool) -> None:
    """Reads the events since the oldest mark that can still be caught up with; all there are when they are read for the first time."""
    feed = reading.feed

    def keep(records: Sequence[Record]) -> None:
        for record in records:
            check_mode(is_live_event(record), is_live)
        if events:
            reading.spool("events", records)
        feed.add(records)

    followed = [mark for name, mark in reading.marks.items() if name in reading.followed]
    volatile = events.volatile_fields if events else frozenset()
    try:
        if events and "events" not in reading.followed:
            await walk(reading.client, LISTINGS["events"], keep, volatile=volatile)
        elif followed:
            await walk(reading.client, LISTINGS["events"], keep, since=min(map(reading.again_from, followed)), volatile=volatile)
            if not feed.rows and feed.known_to > (reading.started - HORIZON).timestamp():
                raise RailError("page_gap", "the newest event known is missing from the list of events")
        else:
            # Only where the feed stands; what it says of before is in the walks that follow.
            page = await reading.client.get("/events", {"limit": "1"}, split_list)
            keep(page.records)
    except RailError as error:
        if error.kind in FATAL:
            raise
        if isinstance(error, UnreadablePage):
            reading.session.set_aside(reading.connection, "events", error.reason, error.body)
        # What was read before the error is no feed: the newest of it may lie behind a gap.
        reading.feed.forget(RailError(error.kind, str(error)))


def _report_of_events(reading: AccountReading) -> EntityReport:
    feed = reading.feed
    if feed.error:
        return reading.failure("events", feed.error, feed.rows)
    mark = Mark(reading.read_at, feed.newest)
    return EntityReport("events", "succeeded", feed.rows, was_full_walk="events" not in reading.followed, watermark=mark.text())
