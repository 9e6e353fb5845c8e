"""Reads a kept page again, with the rail's own code as it is now, and lands what is new in it. Asks no vendor.

For pages that became readable because the program learned to read them. What the vendor has corrected since comes with
the next sync, which also settles pages by itself (`ingestion.control.outcomes`). Keeping pages: `ingestion.control.quarantine`.
"""

from __future__ import annotations

import hashlib
import importlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingestion.answers import MalformedPage
from ingestion.changelog.heads import known_states
from ingestion.changelog.landing import Landed, land
from ingestion.changelog.spool import Arrivals, Spool
from ingestion.clock import Clock
from ingestion.control.facts import Connection
from ingestion.control.quarantine import KeptPage, page_bytes, resolve_page
from ingestion.control.store import ControlStore
from ingestion.errors import RowcolError, UsageError
from ingestion.fetched import note_news
from ingestion.fetching import KeptRecord
from ingestion.fetching import Reread as ReadAgain
from ingestion.promise import RailPromise
from ingestion.registry import rail_promise
from ingestion.settings import Settings

LEASE_SECONDS = 600.0
DELIVERY = "backfill"


class StillUnreadable(RowcolError):
    """The page cannot be taken apart by this program either; it stays where it is."""


@dataclass(frozen=True, slots=True)
class Reread:
    """What reading a page again came to. records: how many it holds; rows_new: versions of them that were not known."""

    quarantine_id: str
    records: int
    rows_new: int


def reread_page(settings: Settings, store: ControlStore, clock: Clock, page: KeptPage) -> Reread:
    """Lands the records of `page` that the change log lacks, as observed when it came, and marks it resolved.

    Again, it adds nothing. StillUnreadable names the reason; UsageError where a page of the rail says nothing by itself;
    RowcolError when the connection is gone or another process holds it.
    """
    rail = rail_promise(page.rail)
    connection = store.connection(page.business_id, page.rail, page.connection_id)
    found = _take_apart(rail, connection, page, page_bytes(settings, page))
    with store.lease([connection], f"reading page {page.quarantine_id} again", LEASE_SECONDS) as leases:
        if leases.refused:
            raise RowcolError(f"{page.business_id} on {page.rail} is being synced: {leases.refused[0][1]}")
        landed = _land(settings, rail, connection, page, found)
        note_news(store.database, rail.name, landed, ())
        resolve_page(store.database, page.quarantine_id, clock())
    rows_new = sum(landed.of(entity, connection) for entity in found)
    return Reread(page.quarantine_id, sum(map(len, found.values())), rows_new)


def _take_apart(rail: RailPromise, connection: Connection, page: KeptPage, body: bytes) -> Mapping[str, Sequence[KeptRecord]]:
    if rail.reread is None:
        raise UsageError(f"a page of {rail.title} says nothing by itself: the next sync asks for it again")
    module, _, name = rail.reread.partition(":")
    read: ReadAgain = getattr(importlib.import_module(module), name)
    try:
        return read(connection, page.entity, body)
    except MalformedPage as error:
        raise StillUnreadable(f"page {page.quarantine_id} of {page.business_id}'s {page.entity} is still unreadable: {error}") from None


def _land(
    settings: Settings, rail: RailPromise, connection: Connection, page: KeptPage, found: Mapping[str, Sequence[KeptRecord]]
) -> Landed:
    sync_id = f"reread-{hashlib.sha256(page.quarantine_id.encode()).hexdigest()[:12]}-{secrets.token_hex(4)}"
    spool = Spool(settings, sync_id)
    try:
        for entity, records in found.items():
            # A state that is known was seen before or after the page: it would be taken for a return to it.
            known = known_states(settings, connection, entity)
            new = [record for record in records if (record.record_id, record.content_hash) not in known]
            spool.add(entity, _arrivals(connection, page, new))
        return land(settings, rail, spool, sync_id, {})
    finally:
        spool.remove()


def _arrivals(connection: Connection, page: KeptPage, records: Sequence[KeptRecord]) -> Arrivals:
    return Arrivals(
        business_id=connection.business_id,
        connection_id=connection.connection_id,
        record_ids=[record.record_id for record in records],
        source_updated_at=[record.source_updated_at for record in records],
        is_deleted=[record.is_deleted for record in records],
        payloads=[record.payload for record in records],
        content_hashes=[record.content_hash for record in records],
        observed_at=page.quarantined_at,
        delivery=DELIVERY,
    )
