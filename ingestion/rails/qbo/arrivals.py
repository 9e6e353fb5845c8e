"""Hands records of one company to the spool: the one place where they get business, connection and time of receipt."""

from __future__ import annotations

from collections.abc import Sequence

from ingestion.changelog.spool import Arrivals
from ingestion.control.facts import Connection
from ingestion.fetching import FetchSession
from ingestion.rails.qbo.wire import Record


def keep(session: FetchSession, connection: Connection, entity: str, records: Sequence[Record]) -> None:
    """Spools `records`, received now."""
    session.spool.add(
        entity,
        Arrivals(
            business_id=connection.business_id,
            connection_id=connection.connection_id,
            record_ids=[record.record_id for record in records],
            source_updated_at=[record.updated_at for record in records],
            is_deleted=[record.is_deleted for record in records],
            payloads=[record.payload for record in records],
            content_hashes=[record.content_hash for record in records],
            observed_at=session.clock(),
            delivery=session.delivery,
        ),
    )
