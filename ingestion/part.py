"""One part of a sync: some groups of connections whose rows land together, from their leases to their outcomes.

Its leases are taken when its groups begin and given back once its rows and outcomes are kept, so that a bulk load keeps others
off a business for the time of its part alone. In which order parts are fetched and landed: `ingestion.parts`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from httpx import AsyncClient

from ingestion.changelog.landing import land
from ingestion.changelog.spool import Spool
from ingestion.clock import Clock
from ingestion.control.facts import Connection
from ingestion.control.leases import LeaseSet
from ingestion.control.outcomes import SyncOutcome
from ingestion.control.store import ControlStore
from ingestion.fetched import Fetched, new_watermarks, note_news, outcome_of
from ingestion.fetching import FetchSession
from ingestion.known import KnownRecords, Marks
from ingestion.limiter import Limiter
from ingestion.live.handover import land_live_arrivals
from ingestion.promise import EntityPromise, RailPromise
from ingestion.settings import Settings
from ingestion.strategies import Strategy

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


@dataclass(frozen=True)
class Tools:
    """What all fetches of a sync share. marks: up to where each was read; known: which records there are;
    large_answers: held while one is in memory."""

    http: AsyncClient
    limiter: Limiter
    marks: Marks
    known: KnownRecords
    large_answers: asyncio.Semaphore


class Part:
    """Connections that land together."""

    def __init__(self, work: Work, tools: Tools, sync_id: str) -> None:
        self.fetches: list[tuple[Connection, asyncio.Task[Fetched]]] = []
        self._work = work
        self._marks = tools.marks
        self._sync_id = sync_id
        self._spool = Spool(work.settings, sync_id)
        self._begun = time.monotonic()
        self._leases: list[LeaseSet] = []
        self.session = FetchSession(
            http=tools.http,
            store=work.store,
            clock=work.clock,
            strategy=work.strategy,
            limiter=tools.limiter,
            spool=self._spool,
            sync_id=sync_id,
            delivery=work.delivery,
            watermarks=tools.marks.current,
            known_ids=tools.known.ids,
            large_answers=tools.large_answers,
            count_check=work.count_check,
        )

    def is_full(self) -> bool:
        """Whether what comes next belongs to another part."""
        rows = sum(self._spool.rows.values())
        return bool(self.fetches) and (rows >= ROWS_PER_PART or time.monotonic() - self._begun >= SECONDS_PER_PART)

    def lease(self, group: Sequence[Connection]) -> LeaseSet:
        """The leases of a group, of which all is known that others have read until now, live answers included."""
        work = self._work
        leases = work.store.lease(group, f"sync {self._sync_id}", LEASE_SECONDS, work.patience_seconds)
        self._leases.append(leases)
        self._marks.read_if_passed(leases.granted)
        live_id = f"{self._sync_id}-group{len(self._leases)}"
        land_live_arrivals(work.settings, work.store, work.rail, leases.granted, live_id, self._marks.current)
        return leases

    def keep(self, fetched: Sequence[Fetched]) -> tuple[list[SyncOutcome], dict[str, int]]:
        """Lands the rows, tells of what changed, keeps pages that could not be read, and records how it went only after that.

        Also gives the rows there are now in each of the rail's tables.
        """
        work = self._work
        landed = land(work.settings, work.rail, self._spool, self._sync_id, new_watermarks(fetched))
        note_news(work.store.database, work.rail.name, landed, self.session.links)
        for page in self.session.pages:
            work.store.quarantine(page)
        outcomes = [outcome_of(one, landed, work.promises, self._sync_id, work.strategy.name, work.delivery) for one in fetched]
        work.store.record_sync(outcomes)
        self.give_back()
        return outcomes, landed.table_rows

    async def stop(self) -> None:
        """Ends what is still being fetched."""
        for _, fetch in self.fetches:
            fetch.cancel()
        await asyncio.gather(*(fetch for _, fetch in self.fetches), return_exceptions=True)

    def give_back(self) -> None:
        """Removes the spool and gives the leases back."""
        self._spool.remove()
        for leases in self._leases:
            leases.release()
