"""The vocabulary in which a rail states its promise: frozen facts, no behaviour.

The promises themselves are in `ingestion/rails/<rail>/promise.py`, their list in `ingestion.registry`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Tier = Literal["critical", "standard", "historical"]
Pattern = Literal["mirror", "live", "hybrid"]


@dataclass(frozen=True, slots=True)
class TierPolicy:
    """Minutes since the last successful check up to which a tier is fresh, then aging, then stale (domain.md, Freshness)."""

    schedule_minutes: int
    fresh_minutes: int
    aging_minutes: int


TIERS: dict[Tier, TierPolicy] = {
    "critical": TierPolicy(schedule_minutes=15, fresh_minutes=20, aging_minutes=24 * 60),
    "standard": TierPolicy(schedule_minutes=60, fresh_minutes=75, aging_minutes=24 * 60),
    "historical": TierPolicy(schedule_minutes=24 * 60, fresh_minutes=26 * 60, aging_minutes=48 * 60),
}


@dataclass(frozen=True, slots=True)
class EntityPromise:
    """What a rail promises about one entity.

    name: raw table and dlt resource, plural. vendor_name: the vendor's word for it. order: the columns by which
    versions of one record are ordered, newest last. volatile_fields: top-level fields left out of the content hash
    because they change without the record changing. has_inactive: records can be hidden without being deleted.
    is_single: a connection has exactly one record of it.
    """

    name: str
    vendor_name: str
    tier: Tier
    description: str
    pattern: Pattern = "mirror"
    ttl_seconds: int = 900
    key: tuple[str, ...] = ("Id",)
    order: tuple[str, ...] = ("source_updated_at", "observed_at")
    volatile_fields: frozenset[str] = frozenset()
    has_inactive: bool = False
    is_single: bool = False


@dataclass(frozen=True, slots=True)
class CredentialForm:
    """What connecting to a rail takes.

    required, optional: fields of the credentials JSON, text unless named in `structured`. connection_field: the one that is
    the vendor's id of the connection, None where only the vendor can tell. refresh_field: the one a rotating token starts
    from, if tokens rotate. base_url, auth_url: the vendor's own hosts, which hold unless others are given.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...]
    connection_field: str | None
    refresh_field: str | None
    base_url: str
    auth_url: str
    structured: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RailPromise:
    """What a rail promises as a whole.

    versioned: the vendor stamps each version of a record itself. fetch: where its coroutine is, `module:function`,
    imported when it is needed (`ingestion.fetching.Fetch`). identify: likewise the coroutine that asks the vendor whose
    credentials these are (`ingestion.fetching.Identify`), None where they say it themselves. has_many_connections: a
    business can have several at once. monthly_calls: how many calls a month the vendor lets one app make.
    connections_at_once: how many are fetched side by side; fewer where they share one limit, since each then takes longer.
    """

    name: str
    title: str
    domain: str
    feed: str
    fetch: str
    versioned: bool
    credentials: CredentialForm
    entities: tuple[EntityPromise, ...] = field(default_factory=tuple)
    identify: str | None = None
    monthly_calls: int | None = None
    has_many_connections: bool = False
    connections_at_once: int = 24
