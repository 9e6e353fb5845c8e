"""One live reading of one connection: asked under a person's strategy, given up after a while, kept before it is answered.

Limits, retries, token rotation and refusals are those of the rail's own client, the same a sync uses. In one transaction
with the cached answer lie the records read, which the next sync of the connection lands (`handover`), and the count of calls.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import httpx
import msgspec

from ingestion.answers import MalformedPage
from ingestion.breaker import Breaker
from ingestion.clock import Clock
from ingestion.control.facts import Connection
from ingestion.control.links import put_links
from ingestion.control.live_arrivals import put_arrivals
from ingestion.control.live_cache import Cached, change_numbers, mark_seen, note_changes, put_answer, seen_no
from ingestion.control.outcomes import DISCONNECTED, SyncOutcome, record_live_reading
from ingestion.control.store import ControlStore
from ingestion.fetching import FetchSession, RailError, Traffic
from ingestion.limiter import Limiter
from ingestion.live.adapter import live_rail
from ingestion.live.facts import Question, Row
from ingestion.live.gathering import Gathering
from ingestion.promise import LivePromise, RailPromise
from ingestion.settings import Settings
from ingestion.strategies import USER_ACTION, Strategy
from ingestion.traffic import text_of

DELIVERY = "live"
LARGE_ANSWERS_AT_ONCE = 4
# A person's questions come one by one, so a host that failed five of them in a row is taken to be down, and is tried again
# half a minute later.
FAILURES_TO_OPEN, PROBES, COOL_DOWN_SECONDS = 5, 1, 30.0


@dataclass(frozen=True, slots=True)
class Part:
    """What one connection contributes to an answer. is_paused: it may not be asked now."""

    rail: RailPromise
    promise: LivePromise
    connection: Connection
    is_paused: bool

    @property
    def name(self) -> str:
        """The rail, for people."""
        return self.rail.title

    @property
    def key(self) -> tuple[str, str]:
        """Rail and connection."""
        return self.rail.name, self.connection.connection_id


@dataclass(frozen=True)
class Reading:
    """What a connection said. seen_no: the state of its tables' numbers it holds for."""

    rows: Sequence[Row] = field(repr=False)
    as_of: datetime
    seen_no: int


class Reader:
    """Reads for one process. strategy: how often and with which waits; patience: in place of each promise's, for tests."""

    def __init__(
        self,
        settings: Settings,
        store: ControlStore,
        clock: Clock,
        http: httpx.AsyncClient,
        limiter: Limiter,
        *,
        strategy: Strategy = USER_ACTION,
        patience_seconds: float | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._http = http
        self._limiter = limiter
        self._strategy = strategy
        self._patience = patience_seconds
        self._breakers: dict[str, Breaker] = {}

    async def read(self, part: Part, question: Question) -> Reading:
        """Asks the vendor now; RailError when it does not answer, in time or at all."""
        host = part.connection.base_url
        breaker = self._breakers.setdefault(host, Breaker(host, FAILURES_TO_OPEN, PROBES, COOL_DOWN_SECONDS))
        attempt = _Attempt(part, question, self._session(), Traffic(), self._clock(), await asyncio.to_thread(self._seen, part))
        try:
            async with breaker.guard():
                rows = await self._in_time(attempt)
        except RailError as error:
            await asyncio.to_thread(self._note_failure, attempt, error)
            raise
        return await asyncio.to_thread(self._keep, attempt, rows)

    def _session(self) -> FetchSession:
        async def known_ids(connection: Connection, entity: str) -> frozenset[str]:
            raise AssertionError("a live reading compares with nothing")

        return FetchSession(
            http=self._http,
            limiter=self._limiter,
            store=self._store,
            clock=self._clock,
            strategy=self._strategy,
            spool=Gathering(self._settings),
            sync_id=f"live-{secrets.token_hex(8)}",
            delivery=DELIVERY,
            watermarks={},
            known_ids=known_ids,
            large_answers=asyncio.Semaphore(LARGE_ANSWERS_AT_ONCE),
        )

    async def _in_time(self, attempt: _Attempt) -> Sequence[Row]:
        part = attempt.part
        adapter = live_rail(part.rail)
        assert adapter is not None, "a rail with live promises names its answers"
        patience = self._patience or part.promise.patience_seconds
        try:
            async with asyncio.timeout(patience):
                return await adapter.read(attempt.session, part.connection, attempt.question, attempt.traffic)
        except TimeoutError:
            raise RailError("unreachable", f"no answer within {patience:g} seconds") from None
        except MalformedPage as error:
            raise RailError("malformed_page", f"a record could not be read: {error}") from None

    def _seen(self, part: Part) -> int:
        with self._store.database.read() as transaction:
            return seen_no(change_numbers(transaction, part.connection.business_id), part.rail.name, part.promise.entities)

    def _keep(self, attempt: _Attempt, rows: Sequence[Row]) -> Reading:
        """Stores all of it or nothing. What came out otherwise than before ends other processes' and questions' answers."""
        part, question, gathering, seen = attempt.part, attempt.question, attempt.gathering, attempt.seen_no
        connection, entities = part.connection, part.promise.entities
        # Of several answers the first is the oldest.
        as_of = min([arrivals.observed_at for _, arrivals in gathering.arrived], default=attempt.started)
        cached = Cached(msgspec.json.encode(rows), as_of, seen)
        with self._store.database.write() as transaction:
            for entity, arrivals in gathering.arrived:
                put_arrivals(transaction, part.rail.name, entity, arrivals)
            for link in attempt.session.links:
                put_links(transaction, link.connection, link.entity, link.ledger_ids)
            if put_answer(transaction, connection, question.subject, question.record_id, cached):
                note_changes(transaction, [(connection.business_id, part.rail.name, entity) for entity in entities])
                seen += len(entities)
                mark_seen(transaction, connection, question.subject, question.record_id, seen)
            record_live_reading(transaction, _outcome(attempt, self._clock()))
        return Reading(rows, as_of, seen)

    def _note_failure(self, attempt: _Attempt, error: RailError) -> None:
        if not attempt.traffic.requests and error.kind != DISCONNECTED:
            return  # nobody was asked: the host is taken to be down
        with self._store.database.write() as transaction:
            record_live_reading(transaction, _outcome(attempt, self._clock(), error))


@dataclass(frozen=True)
class _Attempt:
    """One reading under way. seen_no: the state of its tables' numbers before the vendor was asked."""

    part: Part
    question: Question
    session: FetchSession
    traffic: Traffic
    started: datetime
    seen_no: int

    @property
    def gathering(self) -> Gathering:
        assert isinstance(self.session.spool, Gathering)
        return self.session.spool


def _outcome(attempt: _Attempt, finished: datetime, error: RailError | None = None) -> SyncOutcome:
    session, traffic = attempt.session, attempt.traffic
    connection = attempt.part.connection
    return SyncOutcome(
        business_id=connection.business_id,
        connection_id=connection.connection_id,
        rail=connection.rail,
        sync_id=session.sync_id,
        strategy=session.strategy.name,
        delivery=session.delivery,
        status="failed" if error else "succeeded",
        started_at=attempt.started,
        finished_at=finished,
        rows_seen=attempt.gathering.rows,
        requests=traffic.requests,
        retries=traffic.retries,
        throttled=traffic.throttled,
        calls=text_of(traffic.calls),
        error_kind=error.kind if error else None,
        error=str(error) if error else None,
    )
