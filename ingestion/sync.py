"""Syncs rails: what may be asked for, and what a sync comes to. The one entry for every caller.

Network calls are made before any lock is taken. How connections are fetched and landed: `ingestion.parts`. Who calls
and when: `rowcol_assets`.
"""

from __future__ import annotations

import asyncio
import importlib
import secrets
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from ingestion.budget import POLL
from ingestion.clock import Clock
from ingestion.control.facts import Connection
from ingestion.control.outcomes import SyncOutcome
from ingestion.control.store import ControlStore
from ingestion.errors import UsageError
from ingestion.pacing import Safe, nobody, paced
from ingestion.part import Work
from ingestion.parts import Result, fetch_and_land
from ingestion.promise import EntityPromise, RailPromise
from ingestion.settings import Settings
from ingestion.strategies import DATA_FETCH, Strategy

# What a load imports when it is first needed.
_OF_LOADING = ("dlt", "dlt.destinations.impl.duckdb.duck", "pandas")
# What a person wants read now is worth waiting for, if another sync is reading it: that one may have read it before the change.
PATIENCE_SECONDS = 60.0
# How long a thread may keep the interpreter from another that wants it. A part that lands touches files hundreds of times and
# asks for the interpreter after each; with Python's 5 ms it waited that long for the fetch beside it: a first load of 260,000
# records took 7.1 s and takes 6.7.
SWITCH_SECONDS = 0.0005

Cancel = Callable[[], object]


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
    """What a sync came to. table_rows: rows of each of the rail's tables when it had landed, those of all businesses."""

    sync_id: str
    rail: str
    outcomes: tuple[SyncOutcome, ...] = ()
    refused: tuple[tuple[Connection, str], ...] = ()
    table_rows: Mapping[str, int] = field(default_factory=dict)

    @property
    def failed(self) -> list[SyncOutcome]:
        """Outcomes that are neither complete nor meant to be left out."""
        return [outcome for outcome in self.outcomes if outcome.status in ("failed", "partial")]

    @property
    def rows_new(self) -> int:
        """Versions added to the change log."""
        return sum(outcome.rows_new for outcome in self.outcomes)


def sync(
    settings: Settings, store: ControlStore, clock: Clock, request: SyncRequest, begun: Callable[[Cancel], None] | None = None
) -> SyncReport:
    """Fetches and lands one rail for the businesses asked for, and records how it went for each.

    begun: given what ends the sync early, from any thread. Raises UsageError for unknown names and WarehouseBusy when the
    warehouse stays held; failures of single connections are outcomes. Connections that another process is fetching are
    `refused`, naming it.
    """
    promises = request.promises()
    connections = _due(store, request, clock())
    sync_id = f"{clock():%Y%m%dT%H%M%SZ}-{secrets.token_hex(4)}"
    work = Work(
        settings=settings,
        store=store,
        clock=clock,
        rail=request.rail,
        promises=promises,
        strategy=request.strategy,
        delivery=request.delivery,
        count_check=request.count_check,
        sync_id=sync_id,
        patience_seconds=0.0 if request.strategy.use_cache else PATIENCE_SECONDS,
    )

    async def run() -> Result:
        if begun:
            begun(partial(asyncio.get_running_loop().call_soon_threadsafe, _current_task().cancel))
        return await fetch_and_land(work, connections)

    with _quick_to_switch():
        result = asyncio.run(run())
    return SyncReport(sync_id, request.rail.name, tuple(result.outcomes), tuple(result.refused), result.table_rows)


@contextmanager
def _quick_to_switch() -> Iterator[None]:
    """Has threads hand over the interpreter each SWITCH_SECONDS as long as the body runs.

    No longer: two threads of dbt that hand it over ten times as often build 280 models in 9.9 instead of 9.3 s.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _due(store: ControlStore, request: SyncRequest, at: datetime) -> list[Connection]:
    """The connections asked for, without those that schedules let rest for now because the month's calls demand it."""
    connections = store.connections(request.rail.name, request.businesses)
    if request.delivery != POLL or request.count_check:
        return connections
    resting = {one.connection for one in paced(store, request.rail, at, request.safe) if not one.is_due(at)}
    return [one for one in connections if one not in resting]


def _current_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None, "called by a coroutine alone"
    return task


def sync_together(settings: Settings, store: ControlStore, clock: Clock, requests: Sequence[SyncRequest]) -> list[SyncReport]:
    """Syncs several rails side by side, since what takes long is waiting for each vendor; the first error is raised after all ended."""
    with Together(settings, store, clock, requests) as together:
        return [together.report(request.rail.name) for request in requests]


class Together:
    """Syncs under way, one thread each. At the end of a `with` all have ended."""

    def __init__(self, settings: Settings, store: ControlStore, clock: Clock, requests: Sequence[SyncRequest]) -> None:
        # Here and not in the threads: two that import the same at once hand each other half-made modules.
        for name in (*_OF_LOADING, *(request.rail.fetch.partition(":")[0] for request in requests)):
            importlib.import_module(name)
        self._cancels: list[Cancel] = []
        self._is_over = False
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max(1, len(requests)), thread_name_prefix="sync")
        self._under_way = {request.rail.name: self._pool.submit(sync, settings, store, clock, request, self._begun) for request in requests}

    def report(self, rail: str) -> SyncReport:
        """What the sync of `rail` came to, once it has ended; raises what `sync` raised."""
        try:
            return self._under_way[rail].result()
        except BaseException as stop:
            if not isinstance(stop, Exception):  # whoever waits is being ended, and its syncs with it
                self.cancel()
            raise

    def cancel(self) -> None:
        """Ends all of them early, also those still to begin; what has landed is kept."""
        with self._lock:
            cancels, self._cancels, self._is_over = self._cancels, [], True
        for cancel in cancels:
            with suppress(RuntimeError):  # its loop is closed: it has ended
                cancel()

    def _begun(self, cancel: Cancel) -> None:
        with self._lock:
            if not self._is_over:
                self._cancels.append(cancel)
                return
        cancel()

    def __enter__(self) -> Together:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()
