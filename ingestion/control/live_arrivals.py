"""What live readings brought, kept from before they are answered until the next sync of their connection has landed it.

In the same transaction as the cached answer, so that no answer is given whose records could still be lost. Content equal to
the newest that waits for the same record is not kept twice. How they land: `ingestion.live.handover`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.control.database import Database
from ingestion.control.live_schema import live_arrivals

if TYPE_CHECKING:
    from ingestion.changelog.spool import Arrivals

# SQLite takes at most 32,766 values in one statement.
NUMBERS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class WaitingRecord:
    """One record as a live reading received it. arrival_no: its place in the order of arrival."""

    arrival_no: int
    business_id: str
    connection_id: str
    entity: str
    record_id: str
    source_updated_at: datetime | None
    is_deleted: bool
    payload: bytes = field(repr=False)
    content_hash: str
    observed_at: datetime

    @property
    def record_key(self) -> tuple[str, str, str, str]:
        """Whose versions are told apart."""
        return self.business_id, self.connection_id, self.entity, self.record_id


def put_arrivals(transaction: Transaction, rail: str, entity: str, arrivals: Arrivals) -> int:
    """Keeps what arrived and is not the newest waiting already; returns how many records were kept."""
    key = {"rail": rail, "business_id": arrivals.business_id, "connection_id": arrivals.connection_id, "entity": entity}
    of_entity = sa.select(live_arrivals.c.record_id, live_arrivals.c.content_hash).filter_by(**key)
    waiting = dict(transaction.execute(of_entity.order_by(live_arrivals.c.arrival_no)).tuples().all())
    rows = []
    for record_id, updated_at, is_deleted, payload, digest in zip(
        arrivals.record_ids,
        arrivals.source_updated_at,
        arrivals.is_deleted,
        arrivals.payloads,
        arrivals.content_hashes,
        strict=True,
    ):
        if waiting.get(record_id) == digest:
            continue
        waiting[record_id] = digest
        content = {"source_updated_at": updated_at, "is_deleted": is_deleted, "payload": payload, "content_hash": digest}
        rows.append({**key, "record_id": record_id, **content, "observed_at": arrivals.observed_at})
    if rows:
        transaction.execute(sa.insert(live_arrivals), rows)
    return len(rows)


def waiting_arrivals(database: Database, rail: str, connections: Sequence[tuple[str, str]]) -> list[WaitingRecord]:
    """What waits for `connections` (business and connection ids) of a rail, in order of arrival."""
    wanted = set(connections)
    names = [live_arrivals.c[name] for name in WaitingRecord.__slots__]
    with database.read() as transaction:
        rows = transaction.execute(sa.select(*names).filter_by(rail=rail).order_by(live_arrivals.c.arrival_no)).mappings()
        return [WaitingRecord(**row) for row in rows if (row["business_id"], row["connection_id"]) in wanted]


def drop_arrivals(database: Database, numbers: Sequence[int]) -> None:
    """Deletes what has landed."""
    with database.write() as transaction:
        for first in range(0, len(numbers), NUMBERS_AT_ONCE):
            these = live_arrivals.c.arrival_no.in_(numbers[first : first + NUMBERS_AT_ONCE])
            transaction.execute(sa.delete(live_arrivals).where(these))
