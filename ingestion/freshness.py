"""Which connections have gone without a successful sync for longer than their entities' tier allows.

Read from the control store, so that a sensor never waits for the warehouse. The advisor's view of the same is
`marts/fct_rail_freshness`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ingestion.control.outcomes import DISCONNECTED
from ingestion.control.schema import businesses, connections, sync_states
from ingestion.control.store import ControlStore
from ingestion.promise import TIERS
from ingestion.registry import RAILS


@dataclass(frozen=True, slots=True)
class Staleness:
    """One connection that is due. entities: those past their fresh bound; is_connected: whether a sync can help.

    A disconnected one is there from the moment it broke, so its entities may still be fresh.
    """

    business_id: str
    rail: str
    connection_id: str
    entities: tuple[str, ...]
    is_connected: bool


def stale_connections(store: ControlStore, at: datetime) -> list[Staleness]:
    """The connections that are broken or have entities no longer fresh at `at`; never synced counts, what is paused or removed does not."""
    query = (
        sa.select(connections.c.business_id, connections.c.rail, connections.c.connection_id, connections.c.state)
        .join(businesses, businesses.c.business_id == connections.c.business_id)
        .where(sa.not_(businesses.c.is_paused), sa.not_(connections.c.is_paused), connections.c.removed_at.is_(None))
        .order_by(connections.c.business_id, connections.c.rail, connections.c.connection_id)
    )
    states = sa.select(
        sync_states.c.business_id, sync_states.c.rail, sync_states.c.connection_id, sync_states.c.entity, sync_states.c.last_success_at
    )
    with store.database.read() as transaction:
        connected = transaction.execute(query).all()
        last = {(row[0], row[1], row[2], row[3]): row[4] for row in transaction.execute(states)}
    found = []
    for business_id, rail, connection_id, state in connected:
        entities = tuple(
            promise.name
            for promise in RAILS[rail].entities
            if _minutes_since(last.get((business_id, rail, connection_id, promise.name)), at) > TIERS[promise.tier].fresh_minutes
        )
        if entities or state == DISCONNECTED:
            found.append(Staleness(business_id, rail, connection_id, entities, state != DISCONNECTED))
    return found


def _minutes_since(instant: datetime | None, at: datetime) -> float:
    return float("inf") if instant is None else (at - instant).total_seconds() / 60
