"""Syncs a rail: leases, fetch of all connections at once, landing, outcomes. The one entry for every caller.

Network calls are made before any lock is taken. What one connection does never ends another: each reports for
itself, and outcomes are recorded only after the rows are in the warehouse. Who calls and when: `rowcol_assets`.
"""

from __future__ import annotations

import asyncio
import importlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import httpx
import stamina

from ingestion.breaker import Breaker
from ingestion.budget import POLL
from ingestion.changelog.delta import version_order
from ingestion.changelog.landing import Landed, land
from ingestion.changelog.pipeline import Watermarks, load_lock, missing_tables, rail_pipeline, read_watermarks
from ingestion.changelog.recovery import recover
from ingestion.changelog.spool import Spool
from ingestion.clock import Clock
from ingestion.control.facts import Connection, QuarantinedPage
from ingestion.control.links import put_links
from ingestion.control.live_cache import note_changes
from ingestion.control.outcomes import EntityOutcome, SyncOutcome
from ingestion.control.store import ControlStore
from ingestion.errors import UsageError
from ingestion.fetching import EntityReport, Fetch, FetchSession, Link, RailError, Status, Traffic, watermark_key
from ingestion.http import tls_context
from ingestion.limiter import Limiter
from ingestion.live.handover import land_live_arrivals
from ingestion.pacing import Safe, nobody, paced
from ingestion.promise import EntityPromise, RailPromise
from ingestion.settings import Settings
from ingestion.strategies import DATA_FETCH, Strategy
from ingestion.traffic import text_of
from ingestion.warehouse import open_warehouse

CONNECTIONS_AT_ONCE = 24
# A walk's answer holds up to 19,000 records, about 15 MB as text and three times that while it is taken apart.
LARGE_ANSWERS_AT_ONCE = 4
# Memory grows with what is landed at once (250,000 records of 100 companies: 0.6 GB), and a first load of many lets
# others at the warehouse in between.
CONNECTIONS_PER_LANDING = 100
# Longer than a first load of the largest company seen takes; a holder that dies is noticed by its process id.
LEASE_SECONDS = 1800.0
# What a person wants read now is worth waiting for, if another sync is reading it: that one may have read it before the change.
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class SyncRequest:
    """What to sync. businesses None: all that are not paused; entities None: all of the rail.

    count_check: also compare the vendor's counts with what is known; the daily tier asks for it. safe: which businesses are
    known to be above their guardrail, so that a schedule may ask less often where the month's calls demand it.
    """

    rail: RailPromise
    businesses: Sequence[str] | None = None
    entities: Sequence[str] | None = None
    strategy: Strategy = DATA_FETCH
    delivery: str = "schedule"
    count_check: bool = False
    safe: Safe = nobody

    def promises(self) -> tuple[EntityPromise, ...]:
        """The promises of the entities asked for; UsageError names one that does not exist."""
        if self.entities is None:
            return self.rail.entities
        known = {promise.name: promise for promise in self.rail.entities}
        unknown = sorted(set(self.entities) - set(known))
        if unknown:
            raise UsageError(f"rail {self.rail.name} has no entity {', '.join(unknown)}; known: {', '.join(known)}")
        return tuple(promise for promise in self.rail.entities if promise.name in set(self.entities))


@dataclass(frozen=True)
class SyncReport:
    """What a sync came to."""

    sync_id: str
    rail: str
    outcomes: tuple[SyncOutcome, ...] = ()
    refused: tuple[tuple[Connection, str], ...] = ()

    @property
    def failed(self) -> list[SyncOutcome]:
        """Outcomes that are neither complete nor meant to be left out."""
        return [outcome for outcome in self.outcomes if outcome.status in ("failed", "partial")]

    @property
    def rows_new(self) -> int:
        """Versions added to the change log."""
        return sum(outcome.rows_new for outcome in self.outcomes)


@dataclass(frozen=True)
class _AllFetched:
    """What the connections of one landing brought, each for itself, and what is kept besides the records."""

    results: list[_Fetched]
    pages: list[QuarantinedPage]
    links: list[Link]


@dataclass
class _Fetched:
    connection: Connection
    started_at: datetime
    traffic: Traffic = field(default_factory=Traffic)
    finished_at: datetime | None = None
    reports: list[EntityReport] = field(default_factory=list)
    error: RailError | None = None


def sync(settings: Settings, store: ControlStore, clock: Clock, request: SyncRequest) -> SyncReport:
    """Fetches and lands one rail for the businesses asked for, and records how it went for each.

    Raises UsageError for unknown names and WarehouseBusy when the warehouse stays held; failures of single
    connections are outcomes. Connections that another process is fetching are `refused`, naming it.
    """
    promises = request.promises()
    connections = _due(store, request, clock())
    sync_id = f"{clock():%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    outcomes: list[SyncOutcome] = []
    patience = 0.0 if request.strategy.use_cache else PATIENCE_SECONDS
    with store.lease(connections, f"sync {sync_id}", LEASE_SECONDS, patience) as leases:
        with load_lock(settings, request.rail.name):
            recover(settings, request.rail)
            watermarks = read_watermarks(rail_pipeline(settings, request.rail.name))
        land_live_arrivals(settings, store, request.rail, leases.granted, sync_id, watermarks)
        # Also with nobody connected: landing nothing makes the rail's tables, which the models read.
        parts = range(0, max(1, len(leases.granted)), CONNECTIONS_PER_LANDING)
        for number, first in enumerate(parts, start=1):
            part = _Part(settings, store, clock, request, promises, sync_id if len(parts) == 1 else f"{sync_id}-{number}", watermarks)
            outcomes += _sync_part(part, leases.granted[first : first + CONNECTIONS_PER_LANDING])
    return SyncReport(sync_id, request.rail.name, tuple(outcomes), tuple(leases.refused))


def _due(store: ControlStore, request: SyncRequest, at: datetime) -> list[Connection]:
    """The connections asked for, without those that schedules let rest for now because the month's calls demand it."""
    connections = store.connections(request.rail.name, request.businesses)
    if request.delivery != POLL or request.count_check:
        return connections
    resting = {one.connection for one in paced(store, request.rail, at, request.safe) if not one.is_due(at)}
    return [one for one in connections if one not in resting]


@dataclass(frozen=True)
class _Part:
    """What one landing of a sync is made with; its id is the sync's, numbered where there are several."""

    settings: Settings
    store: ControlStore
    clock: Clock
    request: SyncRequest
    promises: Sequence[EntityPromise]
    sync_id: str
    watermarks: Watermarks


def _sync_part(part: _Part, connections: Sequence[Connection]) -> list[SyncOutcome]:
    request = part.request
    spool = Spool(part.settings, part.sync_id)
    try:
        session = partial(
            FetchSession,
            store=part.store,
            clock=part.clock,
            strategy=request.strategy,
            spool=spool,
            sync_id=part.sync_id,
            delivery=request.delivery,
            watermarks=part.watermarks,
            known_ids=partial(_known_ids, part.settings, request.rail),
            count_check=request.count_check,
            pages=[],
        )
        limiter = Limiter(part.settings, part.store.database, request.strategy)
        fetched = asyncio.run(_fetch_all(session, limiter, request.rail, connections, part.promises, part.clock))
        landed = land(part.settings, request.rail, spool, part.sync_id, _new_watermarks(fetched.results))
    finally:
        spool.remove()
    _note_news(part, landed, fetched.links)
    for page in fetched.pages:
        part.store.quarantine(page)
    outcomes = [_outcome(one, request, part.sync_id, landed, part.promises) for one in fetched.results]
    part.store.record_sync(outcomes)
    return outcomes


async def _fetch_all(
    make_session: partial[FetchSession],
    limiter: Limiter,
    rail: RailPromise,
    connections: Sequence[Connection],
    promises: Sequence[EntityPromise],
    clock: Clock,
) -> _AllFetched:
    # Retries are counted per connection; the library's own log line would repeat them with the call's arguments.
    stamina.instrumentation.set_on_retry_hooks([])
    module, _, name = rail.fetch.partition(":")
    fetch: Fetch = getattr(importlib.import_module(module), name)
    at_once = asyncio.Semaphore(CONNECTIONS_AT_ONCE)
    breakers = {url: Breaker(url) for url in {connection.base_url for connection in connections}}
    limits = httpx.Limits(max_connections=CONNECTIONS_AT_ONCE * 4, max_keepalive_connections=CONNECTIONS_AT_ONCE * 4)
    timeout = httpx.Timeout(120, connect=15)
    async with limiter, httpx.AsyncClient(timeout=timeout, limits=limits, trust_env=False, verify=tls_context()) as http:
        session = make_session(http=http, limiter=limiter, large_answers=asyncio.Semaphore(LARGE_ANSWERS_AT_ONCE))

        async def one(connection: Connection) -> _Fetched:
            async with at_once:
                result = _Fetched(connection, clock())
                try:
                    async with breakers[connection.base_url].guard():
                        result.reports = await fetch(session, connection, promises, result.traffic)
                except RailError as error:
                    result.error = error
                result.finished_at = clock()
                return result

        results = await asyncio.gather(*(one(connection) for connection in connections), return_exceptions=True)
    fetched = []
    for connection, result in zip(connections, results, strict=True):
        if isinstance(result, BaseException):
            # A defect met by one company's data must not take the others down; its type is told, its text may hold data.
            defect = RailError("internal", f"the fetch ended unexpectedly ({type(result).__name__})")
            result = _Fetched(connection, clock(), finished_at=clock(), error=defect)
        fetched.append(result)
    return _AllFetched(fetched, session.pages, session.links)


def _note_news(part: _Part, landed: Landed, links: Sequence[Link]) -> None:
    """Ends cached live answers that rest on what changed, and notes which records of the ledger others name.

    Between the landing and this a crash leaves answers that are too old by as much as their time to live.
    """
    rail = part.request.rail.name
    changed = [(business, rail, entity) for entity, counts in landed.rows_new.items() for business, rows in counts.items() if rows]
    if changed or links:
        with part.store.database.write() as transaction:
            note_changes(transaction, changed)
            for link in links:
                put_links(transaction, link.connection, link.entity, link.ledger_ids)


async def _known_ids(settings: Settings, rail: RailPromise, connection: Connection, entity: str) -> frozenset[str]:
    def read() -> frozenset[str]:
        with open_warehouse(settings, f"known ids {rail.name}") as warehouse:
            if entity in missing_tables(warehouse, rail):
                return frozenset()
            rows = warehouse.execute(
                f"""select record_id from raw_{rail.name}.{entity} where business_id = ? and connection_id = ?
                group by record_id having not max_by(is_deleted, {version_order(rail.versioned)})""",
                [connection.business_id, connection.connection_id],
            ).fetchall()
        return frozenset(record_id for (record_id,) in rows)

    return await asyncio.to_thread(read)


def _new_watermarks(fetched: Sequence[_Fetched]) -> dict[str, dict[str, str]]:
    marks: dict[str, dict[str, str]] = {}
    for one in fetched:
        for report in one.reports:
            if report.watermark:
                marks.setdefault(report.entity, {})[watermark_key(one.connection)] = report.watermark
    return marks


def _outcome(one: _Fetched, request: SyncRequest, sync_id: str, landed: Landed, promises: Sequence[EntityPromise]) -> SyncOutcome:
    connection, error = one.connection, one.error
    reports = one.reports or [
        EntityReport(promise.name, "failed", error_kind=error.kind if error else None, error=str(error) if error else None)
        for promise in promises
    ]
    entities = tuple(
        EntityOutcome(
            entity=report.entity,
            status=report.status,
            rows_new=landed.of(report.entity, connection.business_id),
            rows_seen=report.rows_seen,
            was_full_walk=report.was_full_walk,
            source_count=report.source_count,
            error_kind=report.error_kind,
            error=report.error,
        )
        for report in reports
    )
    bad = [entity for entity in entities if entity.status in ("failed", "partial")]
    first = bad[0] if bad else None
    # What was left for later says nothing of the vendor: with it alone beside failures, the connection failed.
    whole: Status = "failed" if all(entity.status in ("failed", "skipped") for entity in entities) else "partial"
    return SyncOutcome(
        business_id=connection.business_id,
        connection_id=connection.connection_id,
        rail=connection.rail,
        sync_id=sync_id,
        strategy=request.strategy.name,
        delivery=request.delivery,
        status=whole if bad else "succeeded",
        started_at=one.started_at,
        finished_at=one.finished_at or one.started_at,
        rows_new=sum(entity.rows_new for entity in entities),
        rows_seen=sum(entity.rows_seen for entity in entities),
        requests=one.traffic.requests,
        retries=one.traffic.retries,
        throttled=one.traffic.throttled,
        calls=text_of(one.traffic.calls),
        error_kind=first.error_kind if first else None,
        error=first.error if first else None,
        entities=entities,
    )
