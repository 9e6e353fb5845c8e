"""Takes a kept page of QuickBooks Online apart again: of a walk, of the change feed, a report, or counts, which hold no records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingestion.answers import MalformedPage
from ingestion.control.facts import Connection
from ingestion.fetching import KeptRecord
from ingestion.rails.qbo.promise import QBO, REPORTS
from ingestion.rails.qbo.wire import Record, batch_counts, count_of, read_report, split_changes, split_query

CHANGES, COUNTS = "cdc", "counts"
_TABLES = {entity.vendor_name: entity.name for entity in QBO.entities}
_VENDOR_NAMES = {entity.name: entity.vendor_name for entity in QBO.entities}


def reread(connection: Connection, entity: str, body: bytes) -> Mapping[str, Sequence[KeptRecord]]:
    """The records of a page by raw table; the feed's tombstones are left out, since only a read confirms one."""
    if entity == COUNTS:
        _read_counts(body)
        return {}
    if entity == CHANGES:
        found, _ = split_changes(body, frozenset(_TABLES))
        return {_TABLES[name]: _kept(records) for name, records in found.items()}
    if entity in REPORTS:
        return {entity: _kept([read_report(body, _VENDOR_NAMES[entity])])}
    records, _ = split_query(body, _VENDOR_NAMES[entity])
    return {entity: _kept(records)}


def _read_counts(body: bytes) -> None:
    try:
        batch_counts(body)
    except MalformedPage:
        count_of(body)


def _kept(records: Sequence[Record]) -> list[KeptRecord]:
    return [KeptRecord(one.record_id, one.updated_at, False, one.payload, one.content_hash) for one in records if not one.is_deleted]
