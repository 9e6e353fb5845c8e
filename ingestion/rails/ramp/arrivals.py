"""Hands records of one business to the spool, and notes which bill of the ledger a bill says it is.

The one place where records get business, connection and time of receipt.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ingestion.changelog.spool import Arrivals
from ingestion.control.facts import Connection
from ingestion.fetching import FetchSession
from ingestion.rails.ramp.wire import Record

BILLS = "bills"


class _Linked(msgspec.Struct):
    remote_id: str | None = None


_linked = msgspec.json.Decoder(_Linked)


def keep(session: FetchSession, connection: Connection, entity: str, records: Sequence[Record]) -> None:
    """Spools `records`, received now."""
    session.spool.add(
        entity,
        Arrivals(
            business_id=connection.business_id,
            connection_id=connection.connection_id,
            record_ids=[record.record_id for record in records],
            source_updated_at=[record.stamp for record in records],
            is_deleted=[record.is_deleted for record in records],
            payloads=[record.payload for record in records],
            content_hashes=[record.content_hash for record in records],
            observed_at=session.clock(),
            delivery=session.delivery,
        ),
    )
    if entity == BILLS:
        session.link(connection, entity, {record.record_id: _ledger_id(record) for record in records})


def _ledger_id(record: Record) -> str | None:
    if record.is_deleted:
        return None
    try:
        return _linked.decode(record.payload).remote_id or None
    except msgspec.DecodeError:
        return None
