"""What people asked to be read now: one row per business, rail and entity in flight, however often it is asked for.

Permission is the caller's to check. How requests become runs is in `rowcol_assets`, how they are settled in
`ingestion.control.claims`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.clock import wall_clock
from ingestion.control.arrivals_schema import sync_requests
from ingestion.control.claims import PENDING, is_free, is_read
from ingestion.control.database import Database
from ingestion.control.inbox import Waiting

# The entity that stands for all of a rail's.
EVERYTHING = "*"


# As text, because SQLAlchemy compiles an insert with a conflict clause anew each time, which takes longer than the insert.
_ASK = sa.text(
    "insert into sync_requests (request_id, business_id, rail, entity, requested_by, state, asked_at)"
    " values (:request_id, :business_id, :rail, :entity, :requested_by, 'pending', :asked_at)"
    " on conflict (business_id, rail, entity) where state = 'pending' do update"
    " set asked_at = excluded.asked_at, asked_count = sync_requests.asked_count + 1, attempts = 0 returning request_id"
).bindparams(sa.bindparam("asked_at", type_=sync_requests.c.asked_at.type))


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as stored. joined: it was in flight already and was asked for once more."""

    request_id: str
    entity: str
    state: str
    joined: bool


def ask(transaction: Transaction, business_id: str, rail: str, entities: Sequence[str], requested_by: str) -> list[Asked]:
    """Asks for entities of a rail (none: all of it), each joining the request for the same that is in flight."""
    now = wall_clock()
    asked = []
    for entity in sorted(set(entities)) or [EVERYTHING]:
        mine = uuid4().hex
        row = {"request_id": mine, "business_id": business_id, "rail": rail, "entity": entity, "requested_by": requested_by}
        request_id = transaction.execute(_ASK, {**row, "asked_at": now}).scalar_one()
        asked.append(Asked(request_id, entity, PENDING, joined=request_id != mine))
    return asked


def waiting_requests(database: Database) -> list[Waiting]:
    """The requests that no run is at, oldest first: those to be read, and those read ahead of the run that publishes them."""
    table = sync_requests
    query = sa.select(table).where(is_free(table)).order_by(table.c.asked_at, table.c.request_id)
    with database.read() as transaction:
        rows = transaction.execute(query.add_columns(is_read(table).label("is_read"))).all()
    return [
        Waiting(row.request_id, row.rail, row.business_id, _entities(row.entity), row.asked_at, row.attempts, bool(row.is_read))
        for row in rows
    ]


def _entities(entity: str) -> tuple[str, ...]:
    return () if entity == EVERYTHING else (entity,)


def request_states(database: Database, request_ids: Sequence[str]) -> list[dict[str, Any]]:
    """How requests stand: request_id, business_id, rail, entity, state, reason, asked_at, fetched_at, settled_at."""
    names = ("request_id", "business_id", "rail", "entity", "state", "reason", "asked_at", "fetched_at", "settled_at")
    query = sa.select(*(sync_requests.c[name] for name in names)).where(sync_requests.c.request_id.in_(list(request_ids)))
    with database.read() as transaction:
        return [dict(row) for row in transaction.execute(query.order_by(sync_requests.c.request_id)).mappings()]
