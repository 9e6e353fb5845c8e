"""Hands records of one business to the change log, and notes which bill of the ledger a bill says it is."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ingestion.control.facts import Connection
from ingestion.fetching import FetchSession
from ingestion.rails.ramp.wire import Record

BILLS = "bills"


class _Linked(msgspec.Struct):
    remote_id: str | None = None


_linked = msgspec.json.Decoder(_Linked)


def keep(session: FetchSession, connection: Connection, entity: str, records: Sequence[Record]) -> None:
    """Spools `records`, received now."""
    session.keep(connection, entity, records, [record.stamp for record in records])
    if entity == BILLS:
        session.link(connection, entity, {record.record_id: _ledger_id(record) for record in records})


def _ledger_id(record: Record) -> str | None:
    if record.is_deleted:
        return None
    try:
        return _linked.decode(record.payload).remote_id or None
    except msgspec.DecodeError:
        return None
