"""Fetches many connections of one rail and lands them part by part: while one part is loaded, the next is being fetched.

What one connection does never ends another. What a part is, and what it holds: `ingestion.part`. Who asks for what, and what it
comes to as a whole: `ingestion.sync`.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from ingestion.breaker import Breaker
from ingestion.control.facts import Connection
from ingestion.control.outcomes import SyncOutcome
from ingestion.errors import WarehouseBusy
from ingestion.fetched import Fetched
from ingestion.fetching import Fetch, FetchSession, RailError
from ingestion.http import many_calls_client
from ingestion.known import KnownRecords, Marks
from ingestion.limiter import Limiter
from ingestion.part import Part, Tools, Work

T = TypeVar("T")

# A walk's answer holds up to 19,000 records, about 15 MB as text and three times that while it is taken apart. A fourth at once
# makes no load quicker.
LARGE_ANSWERS_AT_ONCE = 3


@dataclass
class Result:
    """What the parts came to so far.

    refused: connections that another process is fetching, with its name. table_rows: rows of each of the rail's tables.
    """

    outcomes: list[SyncOutcome] = field(default_factory=list)
    refused: list[tuple[Connection, str]] = field(default_factory=list)
    table_rows: dict[str, int] = field(default_factory=dict)


async def fetch_and_land(work: Work, connections: Sequence[Connection]) -> Result:
    """Fetches and lands `connections` in their order.

    Raises what ends a sync as a whole, WarehouseBusy above all; what landed until then is kept, with its outcomes.
    """
    limiter = Limiter(work.settings, work.store.database, work.strategy)
    async with limiter, many_calls_client(work.rail.connections_at_once * 4) as http:
        marks = Marks(work.settings, work.store.database, work.rail)
        tools = Tools(http, limiter, marks, KnownRecords(work.settings, work.rail), asyncio.Semaphore(LARGE_ANSWERS_AT_ONCE))
        return await _Fetching(work, tools, connections).run(connections)


class _Fetching:
    def __init__(self, work: Work, tools: Tools, connections: Sequence[Connection]) -> None:
        self.work = work
        self.result = Result()
        self._tools = tools
        self._at_once = asyncio.Semaphore(work.rail.connections_at_once)
        self._breakers = {url: Breaker(url) for url in {connection.base_url for connection in connections}}
        module, _, name = work.rail.fetch.partition(":")
        self._fetch: Fetch = getattr(importlib.import_module(module), name)
        self._begun = 0
        self._open: list[Part] = []
        self._landing: asyncio.Task[None] | None = None

    async def run(self, connections: Sequence[Connection]) -> Result:
        if connections:
            await _in_thread(self._tools.marks.read)
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

    def _begin(self) -> Part:
        self._begun += 1
        sync_id = self.work.sync_id
        part = Part(self.work, self._tools, sync_id if self._begun == 1 else f"{sync_id}-{self._begun}")
        self._open.append(part)
        return part

    async def _start(self, part: Part, group: Sequence[Connection]) -> None:
        """Leases a group and begins each of its connections as others end."""
        leases = await _in_thread(part.lease, group)
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
        except WarehouseBusy:
            raise
        except RailError as error:
            result.error = error
        except Exception as defect:  # noqa: BLE001 - a defect met by one company's data must not take the others down
            # Its type is told, its text may hold data.
            result.error = RailError("internal", f"the fetch ended unexpectedly ({type(defect).__name__})")
        result.finished_at = self.work.clock()
        return result

    async def _land(self, part: Part) -> None:
        """Has a part landed once its fetches are done; one part lands at a time, so that a slow disk holds the fetching back."""
        if await self._landed():
            # While nothing lands there is no wait for it; what others sync from here on is noticed under the leases.
            await _in_thread(self._tools.marks.read)
        self._landing = asyncio.create_task(self._settle(part))

    async def _landed(self) -> bool:
        """Waits for the landing under way; returns whether there was one."""
        if self._landing:
            await self._landing
        return self._landing is not None

    async def _settle(self, part: Part) -> None:
        fetched = list(await asyncio.gather(*(fetch for _, fetch in part.fetches)))
        outcomes, self.result.table_rows = await _in_thread(part.keep, fetched)
        self.result.outcomes += outcomes
        self._open.remove(part)

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
