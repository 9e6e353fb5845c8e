"""What the fetch of one connection came to, and what is kept of that besides the records: watermarks for the load, and for the
control store an outcome and the news of what changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ingestion.changelog.landing import Landed
from ingestion.control.database import Database
from ingestion.control.facts import Connection
from ingestion.control.links import put_links
from ingestion.control.live_cache import note_changes
from ingestion.control.outcomes import EntityOutcome, SyncOutcome
from ingestion.fetching import EntityReport, Link, RailError, Status, watermark_key
from ingestion.promise import EntityPromise
from ingestion.traffic import Traffic, text_of


@dataclass
class Fetched:
    """One connection's fetch. error: why nothing of it could be read."""

    connection: Connection
    started_at: datetime
    traffic: Traffic = field(default_factory=Traffic)
    finished_at: datetime | None = None
    reports: list[EntityReport] = field(default_factory=list)
    error: RailError | None = None


def new_watermarks(fetched: Sequence[Fetched]) -> dict[str, dict[str, str]]:
    """Up to where each entity of each connection has now been read."""
    marks: dict[str, dict[str, str]] = {}
    for one in fetched:
        for report in one.reports:
            if report.watermark:
                marks.setdefault(report.entity, {})[watermark_key(one.connection)] = report.watermark
    return marks


def note_news(database: Database, rail: str, landed: Landed, links: Sequence[Link]) -> None:
    """Ends cached live answers that rest on what changed, and notes which records of the ledger others name.

    Between the landing and this a crash leaves answers that are too old by as much as their time to live.
    """
    changed = [(business, rail, entity) for entity, counts in landed.rows_new.items() for business, _ in counts]
    if changed or links:
        with database.write() as transaction:
            note_changes(transaction, changed)
            for link in links:
                put_links(transaction, link.connection, link.entity, link.ledger_ids)


def outcome_of(one: Fetched, landed: Landed, promises: Sequence[EntityPromise], sync_id: str, strategy: str, delivery: str) -> SyncOutcome:
    """The outcome of a fetch whose rows have landed; `promises` are the entities that were asked for."""
    connection, error = one.connection, one.error
    reports = one.reports or [
        EntityReport(promise.name, "failed", error_kind=error.kind if error else None, error=str(error) if error else None)
        for promise in promises
    ]
    entities = tuple(
        EntityOutcome(
            entity=report.entity,
            status=report.status,
            rows_new=landed.of(report.entity, connection),
            rows_seen=report.rows_seen,
            was_full_walk=report.was_full_walk,
            source_count=report.source_count,
            error_kind=report.error_kind,
            error=report.error,
            source_read_at=report.source_read_at,
        )
        for report in reports
    )
    bad = [entity for entity in entities if entity.status in ("failed", "partial")]
    first = bad[0] if bad else None
    # What was left for later says nothing of the vendor: with it alone beside failures, the connection failed.
    whole: Status = "failed" if all(entity.status in ("failed", "skipped") for entity in entities) else "partial"
    return SyncOutcome(
        business_id=connection.business_id,
        connection_id=connection.connection_id,
        rail=connection.rail,
        sync_id=sync_id,
        strategy=strategy,
        delivery=delivery,
        status=whole if bad else "succeeded",
        started_at=one.started_at,
        finished_at=one.finished_at or one.started_at,
        rows_new=sum(entity.rows_new for entity in entities),
        rows_seen=sum(entity.rows_seen for entity in entities),
        requests=one.traffic.requests,
        retries=one.traffic.retries,
        throttled=one.traffic.throttled,
        calls=text_of(one.traffic.calls),
        error_kind=first.error_kind if first else None,
        error=first.error if first else None,
        entities=entities,
    )
