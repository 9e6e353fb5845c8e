"""Hands records of one item to the spool; the one place where they get business, connection and time of receipt."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ingestion.changelog.spool import Arrivals
from ingestion.control.facts import Connection
from ingestion.fetching import FetchSession
from ingestion.rails.plaid.wire import Record


def keep(
    session: FetchSession,
    connection: Connection,
    entity: str,
    records: Sequence[Record],
    observed_at: datetime,
    *,
    delivery: str | None = None,
) -> None:
    """Spools `records`, received at `observed_at`; delivery: how, if not as the session's others."""
    session.spool.add(
        entity,
        Arrivals(
            business_id=connection.business_id,
            connection_id=connection.connection_id,
            record_ids=[record.record_id for record in records],
            # Plaid stamps no record with a time that only goes forward; the order of observation is the order of versions.
            source_updated_at=[None] * len(records),
            is_deleted=[record.is_deleted for record in records],
            payloads=[record.payload for record in records],
            content_hashes=[record.content_hash for record in records],
            observed_at=observed_at,
            delivery=delivery or session.delivery,
        ),
    )
