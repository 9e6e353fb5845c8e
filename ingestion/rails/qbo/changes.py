"""Reads what changed since a moment: one change-data-capture call for all entities, and what to do when it is full.

Intuit: at most 1,000 objects in an answer, shared by all entities, without paging; 30 days back; tombstones for hard
deletes, which have been reported for living records (DotNET-SDK issue 189) and are therefore confirmed by a read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from ingestion.clock import utc_text
from ingestion.fetching import RailError
from ingestion.promise import EntityPromise
from ingestion.rails.qbo.client import ObjectNotFound, QboClient
from ingestion.rails.qbo.wire import Record, read_object, split_changes

CAP_OBJECTS = 1000


@dataclass
class Changes:
    """Records by raw table; `full`: entities whose answer was cut off, which only a walk can complete."""

    records: dict[str, list[Record]] = field(default_factory=dict)
    full: set[str] = field(default_factory=set)
    served_at: str | None = None


async def read_changes(client: QboClient, entities: Sequence[EntityPromise], since: datetime) -> Changes:
    """Everything that changed in `entities` since `since`; a full answer is asked again in halves of the entities."""
    names = {entity.vendor_name: entity.name for entity in entities}
    found, served_at = await client.get(
        "/cdc",
        {"entities": ",".join(names), "changedSince": utc_text(since)},
        lambda body: split_changes(body, frozenset(names)),
    )
    if sum(len(records) for records in found.values()) < CAP_OBJECTS:
        return Changes({names[name]: await _confirmed(client, name, records) for name, records in found.items()}, served_at=served_at)
    if len(entities) == 1:
        return Changes(full={entities[0].name}, served_at=served_at)
    middle = len(entities) // 2
    halves = [await read_changes(client, half, since) for half in (entities[:middle], entities[middle:])]
    return Changes(halves[0].records | halves[1].records, halves[0].full | halves[1].full, served_at)


async def read_by_id(client: QboClient, vendor_name: str, record_id: str) -> Record:
    """One object as it is now; ObjectNotFound carries the vendor's answer when it is gone."""
    return await client.get(f"/{vendor_name.lower()}/{quote(record_id, safe='')}", {}, lambda body: read_object(body, vendor_name))


async def _confirmed(client: QboClient, vendor_name: str, records: list[Record]) -> list[Record]:
    """The records, each tombstone replaced by the living object where a read finds one."""
    return list(await asyncio.gather(*(_confirm(client, vendor_name, record) for record in records)))


async def _confirm(client: QboClient, vendor_name: str, record: Record) -> Record:
    if not record.is_deleted:
        return record
    try:
        return await read_by_id(client, vendor_name, record.record_id)
    except ObjectNotFound:
        return record
    except RailError as error:
        if error.kind in ("disconnected", "forbidden"):
            raise
        return record
