"""What the readings of one account share, and how one list of it is read: whole, from a moment on, or object by object.

Where many objects were touched, a walk over what was created since brings most of them a hundred at a time. What the
vendor no longer has is kept as a deletion with the vendor's own words. Which of it is done for which entity: `entities`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import quote

from ingestion.answers import UnreadablePage
from ingestion.clock import utc_text
from ingestion.control.facts import Connection
from ingestion.fetching import EntityReport, FetchSession, RailError
from ingestion.promise import EntityPromise
from ingestion.rails.stripe.client import FATAL, ObjectMissing, StripeClient
from ingestion.rails.stripe.feed import Feed
from ingestion.rails.stripe.listings import Listing, walk
from ingestion.rails.stripe.marks import Mark, mark_from
from ingestion.rails.stripe.wire import Record, pending_since, read_object, tombstone, with_time

# Events are kept thirty days; two are left for clocks and for a walk that takes long.
HORIZON = timedelta(days=28)
# Events can be listed later than they were created; how much later is not published.
OVERLAP_SECONDS = 3600
# What is read anew once a day: card networks let a charge be disputed for about 120 days, and older ones rarely change.
WINDOW_SECONDS = int(timedelta(days=180).total_seconds())
# A page costs one request and brings a hundred; from this many objects on, one is worth asking for.
WORTH_A_WALK = 5
READS_AT_ONCE = 100

Outcome = TypeVar("Outcome")


async def together(coroutines: Iterable[Awaitable[Outcome]]) -> list[Outcome]:
    """Runs all to their ends, then returns what they came to or raises the first error: none is left running behind."""
    done = await asyncio.gather(*coroutines, return_exceptions=True)
    results = []
    for one in done:
        if isinstance(one, BaseException):
            raise one
        results.append(one)
    return results


@dataclass
class AccountReading:
    """One account in one sync.

    marks: of the entities read before; followed: those of them that the feed can catch up with. balance_hash: of the
    balance's content as it was read first, empty if it could not be.
    """

    session: FetchSession
    connection: Connection
    client: StripeClient
    feed: Feed = field(default_factory=Feed)
    marks: dict[str, Mark] = field(default_factory=dict)
    followed: frozenset[str] = frozenset()
    balance_hash: str = ""

    def __post_init__(self) -> None:
        self.started: datetime = self.session.clock()
        self.read_at = utc_text(self.started)

    @property
    def now(self) -> int:
        """The later of our time at the start and the newest event's, in Unix seconds."""
        return max(int(self.started.timestamp()), self.feed.newest)

    def find_marks(self, entities: Sequence[EntityPromise]) -> None:
        """Looks up to where each of `entities` has been read."""
        found = {entity.name: mark_from(self.session.watermark(self.connection, entity.name)) for entity in entities}
        self.marks = {name: mark for name, mark in found.items() if mark}
        self.feed.known_to = self.feed.newest = max((mark.events_to for mark in self.marks.values()), default=0)
        self.followed = frozenset(name for name, mark in self.marks.items() if mark.moment > self.started - HORIZON)

    def again_from(self, mark: Mark) -> int:
        """From when on events are read, given up to where they were."""
        return max(0, mark.events_to - OVERLAP_SECONDS)

    async def known_ids(self, entity: str) -> frozenset[str]:
        """The ids of `entity` that the change log holds as existing."""
        return await self.session.known_ids(self.connection, entity)

    def spool(self, entity: str, records: Sequence[Record]) -> None:
        """Hands records to the change log."""
        self.session.keep(self.connection, entity, records, [record.created_at for record in records])

    def failure(self, entity: str, error: RailError, rows: int) -> EntityReport:
        """The report of an entity that `error` kept from being read to the end; what is true of the whole connection is raised."""
        if error.kind in FATAL:
            raise error
        if isinstance(error, UnreadablePage):
            self.session.set_aside(self.connection, entity, error.reason, error.body)
        return EntityReport(entity, "partial" if rows else "failed", rows, error_kind=error.kind, error=str(error))


@dataclass
class ListReading:
    """One list's reading in one sync; what it saw so far also when it ends in an error.

    promise: the entity it is for. is_kept: its records go to the change log. also: who else is given them. newest:
    created of the newest object walked. pending: see `note_pending`.
    """

    account: AccountReading
    promise: EntityPromise
    listing: Listing
    is_kept: bool = True
    rows: int = 0
    ids: set[str] = field(default_factory=set)
    newest: int = 0
    pending: tuple[int, int] | None = None
    also: Callable[[Sequence[Record]], None] | None = None

    def keep(self, records: Sequence[Record]) -> None:
        """Takes records as they arrive."""
        if self.is_kept:
            self.account.spool(self.listing.entity, records)
        self.rows += len(records)
        self.ids.update(record.record_id for record in records)
        if self.also:
            self.also(records)
        if self.listing.entity == "balance_transactions" and (found := pending_since(records)):
            self.note_pending(found)

    def note_pending(self, times: tuple[int, int]) -> None:
        """Notes when the oldest of some pending balance transactions was created and when the next of them is due."""
        self.pending = times if self.pending is None else (min(times[0], self.pending[0]), min(times[1], self.pending[1]))

    async def walk(self, since: int | None = None, parameters: Mapping[str, str] | None = None) -> None:
        """Walks the list, whole or back to `since`."""
        volatile = self.promise.volatile_fields
        done = await walk(self.account.client, self.listing, self.keep, since=since, parameters=parameters, volatile=volatile)
        self.newest = max(self.newest, done.newest)

    async def read_touched(self, touched: Mapping[str, int], since: int) -> None:
        """Reads the objects of `touched` (id: when it was touched) that this reading has not seen, as they are now.

        since: from when on a walk would find the new ones among them.
        """
        if sum(record_id not in self.ids for record_id in touched) >= WORTH_A_WALK:
            await self.walk(since)
        await self.read_each({record_id: at for record_id, at in touched.items() if record_id not in self.ids})

    async def read_each(self, touched: Mapping[str, int]) -> None:
        """Reads objects by id, each as it is now; one that is gone becomes a deletion at the time given with it.

        What can be read is kept, then the first error raised.
        """
        wanted = sorted(touched)
        for first in range(0, len(wanted), READS_AT_ONCE):
            await together(self._read(record_id, touched[record_id]) for record_id in wanted[first : first + READS_AT_ONCE])

    async def read_lists_of(self, parameter: str, record_ids: Iterable[str]) -> None:
        """Reads the list narrowed to each of `record_ids` as `parameter`; what is gone has none."""
        await together(self._list_of(parameter, record_id) for record_id in record_ids)

    async def _list_of(self, parameter: str, record_id: str) -> None:
        try:
            await self.walk(parameters={parameter: record_id})
        except ObjectMissing as missing:
            if missing.param not in (parameter, ""):
                raise

    async def _read(self, record_id: str, at: int) -> None:
        volatile = self.promise.volatile_fields
        try:
            record = await self.account.client.get(
                f"{self.listing.path}/{quote(record_id, safe='')}", {}, lambda body: read_object(body, volatile)
            )
        except ObjectMissing as gone:
            record = tombstone(record_id, at, gone.body)
        if record.record_id != record_id:
            raise RailError("refused", "the vendor answered with another object than was asked for")
        self.keep([with_time(record, at) if record.is_deleted else record])
