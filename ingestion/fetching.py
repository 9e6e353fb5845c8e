"""What a rail's fetch is given and what it gives back; the same for every rail.

A rail implements one coroutine `fetch(session, connection, entities)`. It spools records, never touches the
warehouse, and reports per entity. `ingestion.sync` runs it for all connections at once and turns reports into outcomes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from ingestion.changelog.spool import Arrivals, Sink
from ingestion.clock import Clock
from ingestion.control.facts import Connection, QuarantinedPage
from ingestion.promise import EntityPromise
from ingestion.strategies import Strategy
from ingestion.traffic import Traffic

if TYPE_CHECKING:
    import httpx

    from ingestion.control.store import ControlStore
    from ingestion.limiter import Limiter

Status = Literal["succeeded", "partial", "failed", "skipped"]


class RailError(Exception):
    """A rail refused or failed, in words without secrets. kind: what the control store judges health by."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class EntityReport:
    """What a fetch came to for one entity. watermark: up to where it has now been read, None leaves it where it was.

    source_read_at: where a vendor serves copies, when it took them from their source (a bank), None where that was not learnt.
    """

    entity: str
    status: Status
    rows_seen: int = 0
    was_full_walk: bool = False
    source_count: int | None = None
    watermark: str | None = None
    error_kind: str | None = None
    error: str | None = None
    source_read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """What records of one entity and connection said of the ledger, by record id."""

    connection: Connection
    entity: str
    ledger_ids: Mapping[str, str | None]


class Arrived(Protocol):
    """A record as a rail took it out of an answer."""

    @property
    def record_id(self) -> str: ...

    @property
    def is_deleted(self) -> bool: ...

    @property
    def payload(self) -> bytes: ...

    @property
    def content_hash(self) -> str: ...


class Caller(Protocol):
    """What calls about a connection are made with: all of a session that a vendor's client needs."""

    @property
    def http(self) -> httpx.AsyncClient: ...

    @property
    def store(self) -> ControlStore: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def strategy(self) -> Strategy: ...

    @property
    def limiter(self) -> Limiter: ...


@dataclass(frozen=True)
class FetchSession:
    """Everything a fetch may use, shared by all connections of one sync.

    watermarks: per entity and connection, from the last finished load. known_ids: the live record ids of an entity
    and connection in the change log, read on demand. count_check: compare the vendor's counts with what is known and
    walk where they differ. large_answers: held while an answer of many pages is in memory. pages: unreadable pages, and
    links: which record of the ledger a record says it is; both are kept once the rows have landed.
    """

    http: httpx.AsyncClient
    store: ControlStore
    clock: Clock
    strategy: Strategy
    limiter: Limiter
    spool: Sink
    sync_id: str
    delivery: str
    watermarks: Mapping[str, Mapping[str, str]]
    known_ids: Callable[[Connection, str], Awaitable[frozenset[str]]]
    large_answers: asyncio.Semaphore
    count_check: bool = False
    pages: list[QuarantinedPage] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    @property
    def may_wait(self) -> bool:
        """Whether slow lists may be left for later: not when a person asks, a webhook tells of them, or all is to be counted."""
        return self.strategy.use_cache and not self.count_check and self.delivery != "webhook"

    def watermark(self, connection: Connection, entity: str) -> str | None:
        """Up to where `entity` has been read on `connection`, or None before the first full walk."""
        return self.watermarks.get(entity, {}).get(watermark_key(connection))

    def keep(
        self,
        connection: Connection,
        entity: str,
        records: Sequence[Arrived],
        stamps: Sequence[datetime | None],
        *,
        observed_at: datetime | None = None,
        delivery: str | None = None,
    ) -> None:
        """Hands records of one answer to the change log: where they get business, connection and time of receipt.

        stamps: when the vendor says each changed, None where it does not. observed_at, delivery: now, and as the session's
        others, unless something else is true of these.
        """
        self.spool.add(
            entity,
            Arrivals(
                business_id=connection.business_id,
                connection_id=connection.connection_id,
                record_ids=[record.record_id for record in records],
                source_updated_at=stamps,
                is_deleted=[record.is_deleted for record in records],
                payloads=[record.payload for record in records],
                content_hashes=[record.content_hash for record in records],
                observed_at=observed_at or self.clock(),
                delivery=delivery or self.delivery,
            ),
        )

    def set_aside(self, connection: Connection, entity: str, reason: str, body: bytes) -> None:
        """Keeps a page that could not be read for quarantine: its bytes as served and why."""
        self.pages.append(
            QuarantinedPage(**connection.key, entity=entity, sync_id=self.sync_id, reason=reason, body=body, quarantined_at=self.clock())
        )

    def link(self, connection: Connection, entity: str, ledger_ids: Mapping[str, str | None]) -> None:
        """Notes, by record id, which record of the ledger each says it is; None for none (any more)."""
        self.links.append(Link(connection, entity, ledger_ids))


def watermark_key(connection: Connection) -> str:
    """The name of a connection in the watermarks; with the business, since a company can be connected anew under another."""
    return f"{connection.business_id}/{connection.connection_id}"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom credentials belong to, as the vendor says.

    credentials: what is kept as the connection's secret, a refresh token in them as it was handed in. label: a name for people.
    refresh_token: the newest, where asking brought one. is_live: real data or the vendor's test data, None where the address
    alone tells. lacking: the vendor's names of what the rail reads and these credentials may not.
    """

    connection_id: str
    credentials: dict[str, Any] = field(repr=False)
    label: str = ""
    refresh_token: str | None = field(default=None, repr=False)
    is_live: bool | None = None
    lacking: tuple[str, ...] = ()


# What is done with a refresh token as soon as it is there.
Renewed = Callable[[str], None]


class Identify(Protocol):
    """Asks the vendor whose credentials these are; several identities become several connections. RailError refuses them.

    renewed: told of a refresh token that the vendor gave, before anything else is asked: it may be the only one that still works.
    """

    def __call__(
        self, http: httpx.AsyncClient, base_url: str, auth_url: str, credentials: Mapping[str, Any], renewed: Renewed
    ) -> Awaitable[list[Identity]]: ...


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record of a page that was kept aside, as a fetch would have spooled it."""

    record_id: str
    source_updated_at: datetime | None
    is_deleted: bool
    payload: bytes = field(repr=False)
    content_hash: str


class Reread(Protocol):
    """Takes a page apart that was kept aside under the name `entity`, without any call: its records by raw table.

    What only the vendor could confirm (a deletion, whose record it is) is left to the next sync. MalformedPage says why
    the page is still unreadable.
    """

    def __call__(self, connection: Connection, entity: str, body: bytes) -> Mapping[str, Sequence[KeptRecord]]: ...


class Fetch(Protocol):
    """The coroutine a rail implements; RailError means that nothing of the connection could be read."""

    def __call__(
        self, session: FetchSession, connection: Connection, entities: Sequence[EntityPromise], traffic: Traffic
    ) -> Awaitable[list[EntityReport]]: ...
