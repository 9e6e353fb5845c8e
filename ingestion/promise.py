"""The vocabulary in which a rail states its promise: frozen facts, no behaviour.

The promises themselves are in `ingestion/rails/<rail>/promise.py`, their list in `ingestion.registry`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

Tier = Literal["critical", "standard", "historical"]
Pattern = Literal["mirror", "live", "hybrid"]
LiveSubject = Literal["balances", "transactions", "connection", "permissions", "bill", "invoice"]
LIVE_SUBJECTS: tuple[LiveSubject, ...] = get_args(LiveSubject)
# Asked with the id of a document; the others are about a business as a whole.
OF_ONE_RECORD: frozenset[LiveSubject] = frozenset({"bill", "invoice"})


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
    from, if tokens rotate. base_url, auth_url: the vendor's own hosts, which hold unless others are given. test_urls: where the
    vendor serves test data, if that is elsewhere.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...]
    connection_field: str | None
    refresh_field: str | None
    base_url: str
    auth_url: str
    structured: tuple[str, ...] = ()
    test_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentForm:
    """How the vendor's own consent is asked for.

    steps: the module that does it (`ingestion.consent.ConsentSteps`), imported when it is needed. required, optional: the keys
    of the app that asks. url: the vendor's host whose page the browser is sent to.
    """

    steps: str
    required: tuple[str, ...]
    optional: tuple[str, ...]
    url: str


@dataclass(frozen=True, slots=True)
class LivePromise:
    """What a rail answers when it is asked live.

    call: the vendor's own call, for people. entities: the raw tables it reads; what is read is kept there, the shortest of
    their times to live is the answer's, and a change in one of them ends it. precedence: of several rails the lowest has the
    first word. stands_for: rails that name the same here say the same thing, and the first one connected is asked alone; ''
    where each adds something of its own. patience_seconds: after so long an answer is given up.
    """

    subject: LiveSubject
    call: str
    entities: tuple[str, ...]
    precedence: int = 1
    stands_for: str = ""
    patience_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class QuietCalls:
    """Calls that a connection costs on which nothing happens: each cycle, and what an hour's and a day's slow lists add."""

    per_cycle: float
    per_hour: float = 0.0
    per_day: float = 0.0

    def in_days(self, days: int) -> int:
        """Calls in so many days of cycles every quarter of an hour."""
        cycles = 24 * 60 // TIERS["critical"].schedule_minutes
        return round(days * (cycles * self.per_cycle + 24 * self.per_hour + self.per_day))


# In place of an endpoint: each has the limit by itself.
EACH = "each"


@dataclass(frozen=True, slots=True)
class Limit:
    """How much a vendor lets itself be asked: at most `calls` in any `seconds`, or that many under way at once (seconds 0).

    owner: whose calls count together, in the word the rail's client uses (its realm, item, account, our address). endpoint:
    whose calls count, None for all of them together, EACH for every endpoint by itself.
    """

    owner: str
    calls: int
    seconds: float
    endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class RailPromise:
    """What a rail promises as a whole.

    versioned: the vendor stamps each version of a record itself. fetch: where its coroutine is, `module:function`,
    imported when it is needed (`ingestion.fetching.Fetch`). identify: likewise the coroutine that asks the vendor whose
    credentials these are (`ingestion.fetching.Identify`), None where it cannot be asked. consent: None where the vendor has
    none. has_many_connections: a business can have several at once. reread: likewise the function that takes a kept page apart
    (`ingestion.fetching.Reread`), None where a page says nothing by itself. monthly_calls: how many calls a month the vendor
    lets one app make. limits: how fast it may be asked. connections_at_once: how many are fetched side by side; fewer where
    they share one limit, since each then takes longer. quiet_calls: what a connection costs while nothing happens. live: what
    it answers when asked; answers: where the code for that is (`ingestion.live.adapter.LiveRail`), imported when needed. custody:
    likewise the function that reads what its records say of a bill's payment (`ingestion.custody.Reader`). subscription: the
    module that subscribes the receiver to its webhooks (`ingestion.subscribing.SubscriptionSteps`), None where no API does;
    webhook_setup: then, for people, how its vendor learns the receiver's address.
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
    reread: str | None = None
    consent: ConsentForm | None = None
    monthly_calls: int | None = None
    limits: tuple[Limit, ...] = ()
    quiet_calls: QuietCalls = QuietCalls(1)
    has_many_connections: bool = False
    connections_at_once: int = 24
    live: tuple[LivePromise, ...] = ()
    answers: str | None = None
    custody: str | None = None
    subscription: str | None = None
    webhook_setup: str = ""

    def live_promise(self, subject: LiveSubject) -> LivePromise | None:
        """What it promises for `subject`, None if it cannot be asked that."""
        return next((one for one in self.live if one.subject == subject), None)

    def ttl_seconds(self, live: LivePromise) -> int:
        """How long an answer of `live` holds: the shortest time to live among its tables."""
        return min(entity.ttl_seconds for entity in self.entities if entity.name in live.entities)
