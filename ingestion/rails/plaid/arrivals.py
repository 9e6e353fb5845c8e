"""Hands records of one item to the spool, and the ends of those that are no longer served."""

from __future__ import annotations

from collections.abc import Sequence, Set
from datetime import datetime

from ingestion.control.facts import Connection
from ingestion.fetching import FetchSession
from ingestion.rails.plaid.wire import Record, gone


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
    # Plaid stamps no record with a time that only goes forward; the order of observation is the order of versions.
    session.keep(connection, entity, records, [None] * len(records), observed_at=observed_at, delivery=delivery)


async def end_missing(session: FetchSession, connection: Connection, entity: str, id_field: str, served: Set[str]) -> int:
    """Spools the end of every living record that is known and not in `served`, and returns their number."""
    known = await session.known_ids(connection, entity)
    missing = [gone(record_id, id_field) for record_id in sorted(known - served)]
    keep(session, connection, entity, missing, session.clock())
    return len(missing)
