"""Hands records of one company to the change log, with the time at which the ledger says each changed."""

from __future__ import annotations

from collections.abc import Sequence

from ingestion.control.facts import Connection
from ingestion.fetching import FetchSession
from ingestion.rails.qbo.wire import Record


def keep(session: FetchSession, connection: Connection, entity: str, records: Sequence[Record]) -> None:
    """Spools `records`, received now."""
    session.keep(connection, entity, records, [record.updated_at for record in records])
