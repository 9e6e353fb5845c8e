"""Fetches many connections of one rail and lands them part by part: while one part is loaded, the next is being fetched.

A part is some groups of connections. Its leases are taken when its groups begin and given back once its rows and outcomes
are kept, so that a bulk load keeps others off a business for the time of its part alone. What one connection does never
ends another. Who asks for what, and what it comes to as a whole: `ingestion.sync`.
"""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

import stamina
from httpx import AsyncClient

from ingestion.breaker import Breaker
from ingestion.changelog.delta import version_order
from ingestion.changelog.landing import land
from ingestion.changelog.pipeline import Watermarks, load_lock, missing_tables, rail_pipeline, read_watermarks
from ingestion.changelog.recovery import recover
from ingestion.changelog.spool import Spool
from ingestion.clock import Clock
from ingestion.control.facts import Connection
from ingestion.control.leases import LeaseSet
from ingestion.control.outcomes import SyncOutcome
from ingestion.control.store import ControlStore
from ingestion.fetched import Fetched, new_watermarks, outcome_of
from ingestion.fetching import Fetch, FetchSession, RailError
from ingestion.http import many_calls_client
from ingestion.promise import EntityPromise, RailPromise
from ingestion.settings import Settings
from ingestion.strategies import Strategy
from ingestion.warehouse import open_warehouse

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
    """What is the same for all parts of a sync."""

    settings: Settings
    store: ControlStore
    clock: Clock
    rail: RailPromise
    promises: Sequence[EntityPromise]
    strategy: Strategy
    delivery: str
    count_check: bool
    sync_id: str


@dataclass
class Result:
    """What the parts came to so far. refused: connections that another process is fetching, with its name."""

    outcomes: list[SyncOutcome] = field(default_factory=list)
    refused: list[tuple[Connection, str]] = field(default_factory=list)


@dataclass
class _Part:
    """Connections that land together."""

    sync_id: str
    session: FetchSession
    begun: float = field(default_factory=time.monotonic)
    leases: list[LeaseSet] = field(default_factory=list)
    fetches: list[tuple[Connection, asyncio.Task[Fetched]]] = field(default_factory=list)

    def is_full(self) -> bool:
        """Whether what comes next belongs to another part."""
        rows = sum(self.session.spool.rows.values())
        return bool(self.fetches) and (rows >= ROWS_PER_PART or time.monotonic() - self.begun >= SECONDS_PER_PART)

    async def stop(self) -> None:
        """Ends what is still being fetched."""
        for _, fetch in self.fetches:
            fetch.cancel()
        await asyncio.gather(*(fetch for _, fetch in self.fetches), return_exceptions=True)

    def give_back(self) -> None:
        """Removes the spool and gives the leases back."""
        self.session.spool.remove()
        for leases in self.leases:
            leases.release()


async def fetch_and_land(work: Work, connections: Sequence[Connection]) -> Result:
    """Fetches and lands `connections` in their order.

    Raises what ends a sync as a whole, WarehouseBusy above all; what landed until then is kept, with its outcomes.
    """
    # Retries are counted per connection; the library's own log line would repeat them with the call's arguments.
    stamina.instrumentation.set_on_retry_hooks([])
    async with many_calls_client(work.rail.connections_at_once * 4) as http:
        return await _Fetching(work, http, connections).run(connections)


class _Fetching:
    def __init__(self, work: Work, http: AsyncClient, connections: Sequence[Connection]) -> None:
        self.work = work
        self.result = Result()
        self._http = http
        self._at_once = asyncio.Semaphore(work.rail.connections_at_once)
        self._large_answers = asyncio.Semaphore(LARGE_ANSWERS_AT_ONCE)
        self._breakers = {url: Breaker(url) for url in {connection.base_url for connection in connections}}
        module, _, name = work.rail.fetch.partition(":")
        self._fetch: Fetch = getattr(importlib.import_module(module), name)
        self._watermarks: Watermarks = {}
        self._begun = 0
        self._open: list[_Part] = []
        self._landing: asyncio.Task[None] | None = None

    async def run(self, connections: Sequence[Connection]) -> Result:
        self._watermarks = await asyncio.to_thread(_watermarks, self.work.settings, self.work.rail)
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
        session = FetchSession(
            http=self._http,
            store=work.store,
            clock=work.clock,
            strategy=work.strategy,
            spool=Spool(work.settings, sync_id),
            sync_id=sync_id,
            delivery=work.delivery,
            watermarks=self._watermarks,
            known_ids=partial(known_ids, work.settings, work.rail),
            large_answers=self._large_answers,
            count_check=work.count_check,
            pages=[],
        )
        part = _Part(sync_id, session)
        self._open.append(part)
        return part

    async def _start(self, part: _Part, group: Sequence[Connection]) -> None:
        """Leases a group and begins each of its connections as others end."""
        leases = await asyncio.to_thread(self.work.store.lease, group, f"sync {part.sync_id}", LEASE_SECONDS)
        part.leases.append(leases)
        self.result.refused += leases.refused
        for connection in leases.granted:
            await self._at_once.acquire()
            fetch = asyncio.create_task(self._fetch_one(part.session, connection))
            fetch.add_done_callback(lambda _: self._at_once.release())
            part.fetches.append((connection, fetch))

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
            # Another process may have synced meanwhile what is leased from now on. An old mark would do, and only cost requests.
            self._watermarks = await asyncio.to_thread(_watermarks, self.work.settings, self.work.rail)
        self._landing = asyncio.create_task(self._settle(part))

    async def _landed(self) -> bool:
        """Waits for the landing under way; returns whether there was one."""
        if self._landing:
            await self._landing
        return self._landing is not None

    async def _settle(self, part: _Part) -> None:
        fetched = list(await asyncio.gather(*(fetch for _, fetch in part.fetches)))
        await asyncio.to_thread(self._keep, part, fetched)
        self._open.remove(part)

    def _keep(self, part: _Part, fetched: Sequence[Fetched]) -> None:
        """Lands the rows, keeps pages that could not be read, and records how it went only after that."""
        work = self.work
        landed = land(work.settings, work.rail, part.session.spool, part.sync_id, new_watermarks(fetched))
        for page in part.session.pages:
            work.store.quarantine(page)
        outcomes = [outcome_of(one, landed, work.promises, part.sync_id, work.strategy.name, work.delivery) for one in fetched]
        work.store.record_sync(outcomes)
        self.result.outcomes += outcomes
        part.give_back()

    async def _give_up(self) -> None:
        """Lets go of what did not land; nothing is left of it when all went well."""
        for part in self._open:
            await part.stop()
        if self._landing:
            await asyncio.gather(self._landing, return_exceptions=True)
        for part in self._open:
            part.give_back()


def _watermarks(settings: Settings, rail: RailPromise) -> Watermarks:
    """Up to where the rail has been read, once what a crash left is completed."""
    with load_lock(settings, rail.name):
        recover(settings, rail)
        return read_watermarks(rail_pipeline(settings, rail.name))


async def known_ids(settings: Settings, rail: RailPromise, connection: Connection, entity: str) -> frozenset[str]:
    """The ids of the records of an entity that the change log holds as existing on a connection."""

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
