"""Turns at the vendors: a call begins when every limit that counts it has a place left, whichever process filled the others.

One `Limiter` per event loop and strategy; the places themselves are in the control store (`ingestion.control.permits`), asked
for in blocks: while one transaction runs, the calls that come to wait are collected for the next. Which limits a vendor
has is data (`RailPromise.limits`); how much of them a strategy may use is the strategy's.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from types import TracebackType
from urllib.parse import urlsplit
from uuid import uuid4

from ingestion.control.database import Database
from ingestion.control.permits import LEASE_SECONDS, SECOND, Place, Wanted, take
from ingestion.promise import EACH, Limit
from ingestion.settings import Settings
from ingestion.strategies import Strategy

# Of one connection, limits or not: more only wait in the pool of connections, where a wait can end as an error.
CALLS_AT_ONCE = 16
# A place that another process frees is noticed after this at the latest.
ASK_AGAIN_SECONDS = 0.25
# Ends of calls are told together, and with the next wish if one comes in the meantime.
TELL_ENDS_AFTER_SECONDS = 0.02
RENEW_SECONDS = LEASE_SECONDS / 4


class Gate:
    """The way to a vendor for one connection; `turn` is held around each call."""

    def __init__(self, limiter: Limiter | None, limits: Sequence[Limit], host: str, owners: Mapping[str, str]) -> None:
        self._limiter = limiter
        self._limits = [(limit, owners[limit.owner]) for limit in limits if limit.owner in owners]
        self._host = host
        self._at_once = asyncio.Semaphore(CALLS_AT_ONCE)

    @asynccontextmanager
    async def turn(self, endpoint: str = "") -> AsyncIterator[None]:
        """Waits until `endpoint` may be asked, and counts the call as under way meanwhile."""
        async with self._at_once:
            if self._limiter is None:
                yield
                return
            number = await self._limiter.begin(self._places(endpoint, self._limiter.strategy))
            try:
                yield
            finally:
                self._limiter.end(number)

    def _places(self, endpoint: str, strategy: Strategy) -> list[Place]:
        return [
            Place(
                _bucket(self._host, endpoint if limit.endpoint == EACH else limit.endpoint or "*", limit, owner),
                strategy.share_of(limit.calls),
                round(limit.seconds * SECOND),
            )
            for limit, owner in self._limits
            if limit.endpoint in (None, EACH, endpoint)
        ]


def open_gate() -> Gate:
    """A gate without limits."""
    return Gate(None, (), "", {})


class Limiter:
    """Hands out turns in the event loop it is first used in; leave it as a context, so that its last calls are told to have ended."""

    def __init__(self, settings: Settings, database: Database, strategy: Strategy) -> None:
        self.strategy = strategy
        self._settings = settings
        self._database = database
        self._holder = uuid4().hex
        self._numbers = itertools.count(1)
        self._waiting: list[_Waiter] = []
        self._under_way: set[int] = set()
        self._ended: list[int] = []
        self._untold: list[int] = []
        self._news = asyncio.Event()
        self._teller: asyncio.Task[None] | None = None

    def gate(self, limits: Sequence[Limit], base_url: str, **owners: str) -> Gate:
        """The gate to the vendor at `base_url`. owners: for whom a call counts, by the limits' words; limits of others do not apply."""
        if not self._settings.keeps_limits_of(base_url):
            return open_gate()
        return Gate(self, limits, urlsplit(base_url).netloc, owners)

    async def begin(self, places: Sequence[Place]) -> int:
        """Waits for a place under each limit and returns the number under which to `end` the call."""
        waiter = _Waiter(Wanted(next(self._numbers), places), asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._tell()
        try:
            await waiter.permitted
        except asyncio.CancelledError:
            if waiter.permitted.done() and not waiter.permitted.cancelled():
                self.end(waiter.wanted.number)
            raise
        return waiter.wanted.number

    def end(self, number: int) -> None:
        """Gives the places of a call back, each free once its limit's span has passed."""
        self._under_way.discard(number)
        self._ended.append(number)
        asyncio.get_running_loop().call_later(TELL_ENDS_AFTER_SECONDS, self._tell)

    async def close(self) -> None:
        """Tells the store of the last calls' ends; nobody may wait any more."""
        if self._teller:
            await self._teller

    async def __aenter__(self) -> Limiter:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    def _tell(self) -> None:
        self._news.set()
        if self._teller is None or self._teller.done():
            self._teller = asyncio.get_running_loop().create_task(self._keep_telling())

    async def _keep_telling(self) -> None:
        """Talks to the store for as long as calls wait, are under way or have ended untold."""
        loop = asyncio.get_running_loop()
        renewed_at = loop.time()
        while self._waiting or self._under_way or self._ended:
            self._news.clear()
            self._waiting = [waiter for waiter in self._waiting if not waiter.permitted.done()]
            asked = [waiter for waiter in self._waiting if waiter.again_at <= loop.time()]
            renews = bool(self._under_way) and loop.time() - renewed_at >= RENEW_SECONDS
            if asked or self._ended or renews:
                await self._ask(asked, renews)
                renewed_at = loop.time() if renews else renewed_at
            pauses = [waiter.again_at - loop.time() for waiter in self._waiting if not waiter.permitted.done()]
            if self._waiting or self._under_way:
                with suppress(TimeoutError):
                    async with asyncio.timeout(min([*pauses, renewed_at + RENEW_SECONDS - loop.time()])):
                        await self._news.wait()

    async def _ask(self, asked: Sequence[_Waiter], renews: bool) -> None:
        ended, self._ended = [*self._untold, *self._ended], []
        wanted = [waiter.wanted for waiter in asked]
        try:
            waits = await asyncio.to_thread(take, self._database, self._holder, wanted, ended, renews=renews)
        except Exception as error:  # noqa: BLE001 - whoever waits is told, and decides
            # Told with whatever is asked next: their places would be renewed with those of the calls under way.
            self._untold = ended
            for waiter in asked:
                if not waiter.permitted.done():
                    waiter.permitted.set_exception(error)
            return
        self._untold = []
        now = asyncio.get_running_loop().time()
        for waiter in asked:
            wait = waits[waiter.wanted.number]
            if wait:
                waiter.again_at = now + min(wait, ASK_AGAIN_SECONDS)
            elif waiter.permitted.done():
                self._ended.append(waiter.wanted.number)
            else:
                self._under_way.add(waiter.wanted.number)
                waiter.permitted.set_result(None)


@dataclass(eq=False)
class _Waiter:
    """A call that waits. again_at: when the store is asked again, in the loop's time."""

    wanted: Wanted
    permitted: asyncio.Future[None]
    again_at: float = field(default=0.0)


@lru_cache(maxsize=10_000)
def _bucket(host: str, counted: str, limit: Limit, owner: str) -> str:
    """Whose limit it is, as one text; ids can be halves of credentials, so they are hashed."""
    digest = hashlib.sha256(owner.encode()).hexdigest()[:16]
    return f"{host} {counted} {limit.calls}/{limit.seconds:g}s per {limit.owner} {digest}"
