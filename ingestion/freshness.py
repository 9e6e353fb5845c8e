"""How fresh each entity of each connection is, from the control store alone, so that nobody waits for the warehouse.

The bounds are those of the entity's tier. Only the age of the last successful check makes data stale, not the age of the
newest change: a quiet client is not stale. The advisor's view of the same is `marts/fct_rail_freshness`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from ingestion.control.columns import Instant
from ingestion.control.consents import consent_end
from ingestion.control.facts import ConnectionState
from ingestion.control.outcomes import DISCONNECTED
from ingestion.control.pauses import IS_PAUSED
from ingestion.control.schema import businesses, connections, sync_states
from ingestion.control.store import ControlStore
from ingestion.promise import TIERS, Tier
from ingestion.registry import RAILS

FreshnessState = Literal["fresh", "aging", "disabled", "stale", "never_synced"]
# From best to worst; what is paused shows only where nothing is worse.
STATES: tuple[FreshnessState, ...] = ("fresh", "aging", "disabled", "stale", "never_synced")


@dataclass(frozen=True, slots=True)
class EntityFreshness:
    """One entity: its tier, its state, and the whole minutes since it was last read successfully (None: never)."""

    tier: Tier
    state: FreshnessState
    sync_age_minutes: int | None


@dataclass(frozen=True, slots=True)
class ConnectionFreshness:
    """One connection. is_disabled: it, its business or its rail rests; entities: by name, all that the rail promises.

    consent_ends_at: when a person has to have renewed its consent, where the vendor says so.
    """

    business_id: str
    rail: str
    connection_id: str
    connection_state: ConnectionState
    is_disabled: bool
    entities: Mapping[str, EntityFreshness]
    consent_ends_at: datetime | None = None

    @property
    def name(self) -> str:
        """Business, rail and connection as one text."""
        return f"{self.business_id}/{self.rail}/{self.connection_id}"

    @property
    def is_connected(self) -> bool:
        """Whether a sync can help; where not, only a person's consent does."""
        return self.connection_state != DISCONNECTED

    @property
    def worst(self) -> FreshnessState:
        """The worst state of the critical entities, on which figures rest; a rail without any counts all."""
        critical = [one.state for one in self.entities.values() if one.tier == "critical"]
        return max(critical or [one.state for one in self.entities.values()], key=STATES.index)

    def those(self, *states: FreshnessState) -> list[str]:
        """The entities in one of `states`."""
        return [name for name, one in self.entities.items() if one.state in states]

    @property
    def is_new(self) -> bool:
        """Whether nothing of it was ever read, so that its next sync is its first load."""
        return len(self.those("never_synced")) == len(self.entities)

    @property
    def is_due(self) -> bool:
        """Whether any entity is past its fresh bound or was never read, and nobody paused it."""
        return bool(self.those("aging", "stale", "never_synced"))


def connection_freshness(store: ControlStore, at: datetime) -> list[ConnectionFreshness]:
    """Every connection as it stands at `at`, by business, rail and connection."""
    query = (
        sa.select(
            connections.c.business_id,
            connections.c.rail,
            connections.c.connection_id,
            connections.c.state,
            sa.or_(IS_PAUSED, connections.c.removed_at.is_not(None)).label("is_disabled"),
            sa.type_coerce(consent_end(), Instant).label("consent_ends_at"),
        )
        .join(businesses, businesses.c.business_id == connections.c.business_id)
        .order_by(connections.c.business_id, connections.c.rail, connections.c.connection_id)
    )
    states = sa.select(
        sync_states.c.business_id, sync_states.c.rail, sync_states.c.connection_id, sync_states.c.entity, sync_states.c.last_success_at
    )
    with store.database.read() as transaction:
        rows = transaction.execute(query).all()
        last = {(row[0], row[1], row[2], row[3]): row[4] for row in transaction.execute(states)}
    return [
        ConnectionFreshness(
            row.business_id,
            row.rail,
            row.connection_id,
            row.state,
            bool(row.is_disabled),
            {
                promise.name: entity_freshness(promise.tier, last.get((*row[:3], promise.name)), at, is_disabled=bool(row.is_disabled))
                for promise in RAILS[row.rail].entities
            },
            row.consent_ends_at,
        )
        for row in rows
    ]


def entity_freshness(tier: Tier, last_success_at: datetime | None, at: datetime, *, is_disabled: bool) -> EntityFreshness:
    """The state of an entity of `tier` at `at`, in whole minutes as `int_rail_freshness` computes it."""
    age = None if last_success_at is None else max(0, int((at - last_success_at).total_seconds() // 60))
    return EntityFreshness(tier, _state(tier, age, is_disabled), age)


def _state(tier: Tier, age_minutes: int | None, is_disabled: bool) -> FreshnessState:
    if is_disabled:
        return "disabled"
    if age_minutes is None:
        return "never_synced"
    if age_minutes <= TIERS[tier].fresh_minutes:
        return "fresh"
    return "aging" if age_minutes <= TIERS[tier].aging_minutes else "stale"
