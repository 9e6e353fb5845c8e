"""Fetches many connections of one rail and lands them part by part: while one part is loaded, the next is being fetched.

A part is some groups of connections. Its leases are taken when its groups begin and given back once its rows and outcomes
are kept, so that a bulk load keeps others off a business for the time of its part alone. What one connection does never
ends another. Who asks for what, and what it comes to as a whole: `ingestion.sync`.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import TypeVar

import stamina
from httpx import AsyncClient

from ingestion.breaker import Breaker
from ingestion.changelog.landing import land
from ingestion.changelog.spool import Spool
from ingestion.clock import Clock
from ingestion.control.facts import Connection
from ingestion.control.leases import LeaseSet
from ingestion.control.outcomes import SyncOutcome
from ingestion.control.store import ControlStore
from ingestion.fetched import Fetched, new_watermarks, note_news, outcome_of
from ingestion.fetching import Fetch, FetchSession, RailError
from ingestion.http import many_calls_client
from ingestion.known import Marks, known_ids
from ingestion.limiter import Limiter
from ingestion.live.handover import land_live_arrivals
from ingestion.promise import EntityPromise, RailPromise
from ingestion.settings import Settings
from ingestion.strategies import Strategy

T = TypeVar("T")

# A walk's answer holds up to 19,000 records, about 15 MB as text and three times that while it is taken apart.
LARGE_ANSWERS_AT_ONCE = 4
# Memory grows with what is landed at once (250,000 records: 0.6 GB). Groups end over this number, and are up to as large.
ROWS_PER_PART = 100_000
# How long a business is kept from others by a load of many where the vendor's limits make it slow.
SECONDS_PER_PART = 20.0
# Longer than a first load of the largest company seen takes; a holder that dies is noticed by its process id.
LEASE_SECONDS = 1800.0


@dataclass(frozen=True)
class Work:
    """What is the same for all parts of a sync. patience_seconds: how long to wait for a business that another sync is reading."""

    settings: Settings
    store: ControlStore
    clock: Clock
    rail: RailPromise
    promises: Sequence[EntityPromise]
    strategy: Strategy
    delivery: str
    count_check: bool
    sync_id: str
    patience_seconds: float = 0.0


@dataclass
class Result:
    """What the parts came to so far. refused: connections that another process is fetching, with its name."""

    outcomes: list[SyncOutcome] = field(default_factory=list)
    refused: list[tuple[Connection, str]] = field(default_factory=list)


@dataclass
class _Part:
    """Connections that land together."""

    sync_id: str
    spool: Spool
    session: FetchSession
    begun: float = field(default_factory=time.monotonic)
    leases: list[LeaseSet] = field(default_factory=list)
    fetches: list[tuple[Connection, asyncio.Task[Fetched]]] = field(default_factory=list)

    def is_full(self) -> bool:
        """Whether what comes next belongs to another part."""
        rows = sum(self.spool.rows.values())
        return bool(self.fetches) and (rows >= ROWS_PER_PART or time.monotonic() - self.begun >= SECONDS_PER_PART)

    async def stop(self) -> None:
        """Ends what is still being fetched."""
        for _, fetch in self.fetches:
            fetch.cancel()
        await asyncio.gather(*(fetch for _, fetch in self.fetches), return_exceptions=True)

    def give_back(self) -> None:
        """Removes the spool and gives the leases back."""
        self.spool.remove()
        for leases in self.leases:
            leases.release()


async def fetch_and_land(work: Work, connections: Sequence[Connection]) -> Result:
    """Fetches and lands `connections` in their order.

    Raises what ends a sync as a whole, WarehouseBusy above all; what landed until then is kept, with its outcomes.
    """
    # Retries are counted per connection; the library's own log line would repeat them with the call's arguments.
    stamina.instrumentation.set_on_retry_hooks([])
    limiter = Limiter(work.settings, work.store.database, work.strategy)
    async with limiter, many_calls_client(work.rail.connections_at_once * 4) as http:
        return await _Fetching(work, limiter, http, connections).run(connections)


class _Fetching:
    def __init__(self, work: Work, limiter: Limiter, http: AsyncClient, connections: Sequence[Connection]) -> None:
        self.work = work
        self.result = Result()
        self._limiter = limiter
        self._http = http
        self._at_once = asyncio.Semaphore(work.rail.connections_at_once)
        self._large_answers = asyncio.Semaphore(LARGE_ANSWERS_AT_ONCE)
        self._breakers = {url: Breaker(url) for url in {connection.base_url for connection in connections}}
        module, _, name = work.rail.fetch.partition(":")
        self._fetch: Fetch = getattr(importlib.import_module(module), name)
        self._marks = Marks(work.settings, work.store.database, work.rail)
        self._begun = 0
        self._open: list[_Part] = []
        self._landing: asyncio.Task[None] | None = None

    async def run(self, connections: Sequence[Connection]) -> Result:
        await _in_thread(self._marks.read)
        # Also with nobody connected: landing nothing makes the rail's tables, which the models read.
        part = self._begin()
        waiting = iter(connections)
        try:
            while group := list(islice(waiting, self.work.rail.connections_at_once)):
                if part.is_full():
                    await self._land(part)
                    part = self._begin()
                await self._start(part, group)
            await self._land(part)
            await self._landed()
        finally:
            await self._give_up()
        return self.result

    def _begin(self) -> _Part:
        self._begun += 1
        work = self.work
        sync_id = work.sync_id if self._begun == 1 else f"{work.sync_id}-{self._begun}"
        spool = Spool(work.settings, sync_id)
        session = FetchSession(
            http=self._http,
            store=work.store,
            clock=work.clock,
            strategy=work.strategy,
            limiter=self._limiter,
            spool=spool,
            sync_id=sync_id,
            delivery=work.delivery,
            watermarks=self._marks.current,
            known_ids=partial(known_ids, work.settings, work.rail),
            large_answers=self._large_answers,
            count_check=work.count_check,
        )
        part = _Part(sync_id, spool, session)
        self._open.append(part)
        return part

    async def _start(self, part: _Part, group: Sequence[Connection]) -> None:
        """Leases a group and begins each of its connections as others end."""
        leases = await _in_thread(self._lease, part, group)
        self.result.refused += leases.refused
        for connection in leases.granted:
            await self._at_once.acquire()
            fetch = asyncio.create_task(self._fetch_one(part.session, connection))
            fetch.add_done_callback(lambda _: self._at_once.release())
            part.fetches.append((connection, fetch))

    def _lease(self, part: _Part, group: Sequence[Connection]) -> LeaseSet:
        """The leases of a group, of which all is known that others have read until now, live answers included."""
        work = self.work
        leases = work.store.lease(group, f"sync {part.sync_id}", LEASE_SECONDS, work.patience_seconds)
        part.leases.append(leases)
        self._marks.read_if_passed(leases.granted)
        live_id = f"{part.sync_id}-group{len(part.leases)}"
        land_live_arrivals(work.settings, work.store, work.rail, leases.granted, live_id, self._marks.current)
        return leases

    async def _fetch_one(self, session: FetchSession, connection: Connection) -> Fetched:
        result = Fetched(connection, self.work.clock())
        try:
            async with self._breakers[connection.base_url].guard():
                result.reports = await self._fetch(session, connection, self.work.promises, result.traffic)
        except RailError as error:
            result.error = error
        except Exception as defect:  # noqa: BLE001 - a defect met by one company's data must not take the others down
            # Its type is told, its text may hold data.
            result.error = RailError("internal", f"the fetch ended unexpectedly ({type(defect).__name__})")
        result.finished_at = self.work.clock()
        return result

    async def _land(self, part: _Part) -> None:
        """Has a part landed once its fetches are done; one part lands at a time, so that a slow disk holds the fetching back."""
        if await self._landed():
            # While nothing lands there is no wait for it; what others sync from here on is noticed under the leases.
            await _in_thread(self._marks.read)
        self._landing = asyncio.create_task(self._settle(part))

    async def _landed(self) -> bool:
        """Waits for the landing under way; returns whether there was one."""
        if self._landing:
            await self._landing
        return self._landing is not None

    async def _settle(self, part: _Part) -> None:
        fetched = list(await asyncio.gather(*(fetch for _, fetch in part.fetches)))
        await _in_thread(self._keep, part, fetched)
        self._open.remove(part)

    def _keep(self, part: _Part, fetched: Sequence[Fetched]) -> None:
        """Lands the rows, tells of what changed, keeps pages that could not be read, and records how it went only after that."""
        work = self.work
        landed = land(work.settings, work.rail, part.spool, part.sync_id, new_watermarks(fetched))
        note_news(work.store.database, work.rail.name, landed, part.session.links)
        for page in part.session.pages:
            work.store.quarantine(page)
        outcomes = [outcome_of(one, landed, work.promises, part.sync_id, work.strategy.name, work.delivery) for one in fetched]
        work.store.record_sync(outcomes)
        self.result.outcomes += outcomes
        part.give_back()

    async def _give_up(self) -> None:
        """Lets go of what did not land; nothing is left of it when all went well."""
        # A part whose landing ends meanwhile leaves the list.
        for part in list(self._open):
            await part.stop()
        if self._landing:
            await asyncio.gather(self._landing, return_exceptions=True)
        for part in self._open:
            part.give_back()


async def _in_thread(work: Callable[..., T], *arguments: object) -> T:
    """What `work` returns, made in a thread.

    A thread cannot be ended, so a sync that is ends once it has: else it would take leases that nobody gives back, or land
    from a spool that is gone.
    """
    running = asyncio.create_task(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
