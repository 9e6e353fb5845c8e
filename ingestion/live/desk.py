"""The one interface to live answers. Cached: what is fresh, else live, else the last known, said to be so. Strict: live or not at all.

A cached answer is at most its tables' time to live old and ends when one of them changes. What cannot be read now is
answered from the last known state, the newer of the expired answer and the change log, with its age and the reason; never
so who may see or read what, which is then left out. Strict asks every vendor concerned, now, or fails with why.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import httpx

from ingestion.clock import Clock
from ingestion.control.store import ControlStore
from ingestion.errors import RowcolError
from ingestion.fetching import RailError
from ingestion.http import tls_context
from ingestion.limiter import Limiter
from ingestion.live.cache import LiveCache, decoded, holds
from ingestion.live.combine import value_of
from ingestion.live.facts import Answer, LiveFailure, Probe, Question, Row, Scopes, ServedFrom
from ingestion.live.grants import grants_on
from ingestion.live.mirror import recall
from ingestion.live.parts import Plan, plan
from ingestion.live.reading import Part, Reader, Reading
from ingestion.promise import OF_ONE_RECORD
from ingestion.settings import Settings
from ingestion.strategies import USER_ACTION, Strategy

# What a vendor's silence says of a connection.
NO_ANSWER = frozenset({"unreachable", "server_error", "throttled", "token_endpoint"})
ORDER: tuple[ServedFrom, ...] = ("live", "cache", "mirror")


@dataclass(frozen=True)
class Told:
    """What one connection contributes, and from where. failure: why it could not be read now; None if nothing is amiss."""

    part: Part
    reading: Reading
    served_from: ServedFrom
    failure: str | None = None
    may_be_remembered: bool = True


class LiveDesk:
    """Answers questions for one process; all of them from one event loop."""

    def __init__(self, settings: Settings, store: ControlStore, clock: Clock, reader: Reader) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._reader = reader
        self._cache = LiveCache(store)
        self._in_flight: dict[tuple[tuple[str, str], Question], asyncio.Task[Reading]] = {}

    async def ask(self, question: Question, *, strict: bool = False, caller: str | None = None) -> Answer:
        """The answer. caller: the advisor who asks, None for the operator; who may ask is judged before.

        UsageError for a business that does not exist. LiveFailure: no connected rail can answer, the document does not exist,
        or it could not be read now and, in the cached mode, nothing is known of it.
        """
        if not strict:
            remembered = self._cache.remembered(question)
            if remembered is not None and await asyncio.to_thread(self._cache.still_holds, question, remembered, self._clock()):
                return await self._answer(question, [Told(part, reading, "cache") for part, reading in remembered.readings], caller)
        planned = await asyncio.to_thread(plan, self._store, question)
        answered = await asyncio.gather(
            *(self._first_answer(choice, question, strict, planned) for choice in planned.choices), return_exceptions=True
        )
        told: list[Told] = []
        for one in answered:
            if isinstance(one, BaseException):
                raise one
            told += one
        if question.subject in OF_ONE_RECORD and not any(one.reading.rows for one in told):
            raise LiveFailure("not_found", f"{question.business_id} has no {question.subject} {question.record_id}")
        if all(one.may_be_remembered and one.failure is None for one in told):
            self._cache.remember(question, [(one.part, one.reading) for one in told], planned.connections_no)
        return await self._answer(question, told, caller)

    def forget(self) -> None:
        """Empties this process's memory; the store keeps what all processes share."""
        self._cache.forget()

    async def _first_answer(self, choice: Sequence[Sequence[Part]], question: Question, strict: bool, planned: Plan) -> list[Told]:
        """What the first rail of `choice` says; the next one's only where nothing at all is known of the first, and with its failure."""
        failures: list[LiveFailure] = []
        for parts in choice:
            results = await asyncio.gather(*(self._part(part, question, strict, planned) for part in parts), return_exceptions=True)
            errors = [result for result in results if isinstance(result, BaseException)]
            if not errors:
                told = [result for result in results if isinstance(result, Told)]
                instead = "; ".join(str(failure) for failure in failures)
                return [Told(one.part, one.reading, one.served_from, instead, may_be_remembered=False) for one in told] if instead else told
            if strict or not isinstance(errors[0], LiveFailure):
                raise errors[0]
            failures.append(errors[0])
        raise failures[0]

    async def _part(self, part: Part, question: Question, strict: bool, planned: Plan) -> Told:
        cached = planned.stored.get(part.key)
        last = decoded(question, cached) if cached else None
        if last and not strict and holds(part, last.as_of, last.seen_no, planned.numbers, self._clock()):
            return Told(part, last, "cache")
        try:
            if part.is_paused:
                raise RailError("paused", "is paused, so it is not asked (`rowcol resume` ends that)")
            return Told(part, await self._read(part, question), "live")
        except RailError as error:
            return await self._without_the_vendor(part, question, strict, last, error)

    async def _read(self, part: Part, question: Question) -> Reading:
        """Reads now, or waits for the same reading that is under way."""
        key = (part.key, question)
        task = self._in_flight.get(key)
        if task is None:
            task = self._in_flight[key] = asyncio.create_task(self._reader.read(part, question))
            task.add_done_callback(lambda done: self._landed(key, done))
        try:
            # One who gives up waiting must not take the reading from the others.
            return await asyncio.shield(task)
        except RowcolError as error:
            raise RailError("internal", str(error)) from None

    def _landed(self, key: tuple[tuple[str, str], Question], done: asyncio.Task[Reading]) -> None:
        self._in_flight.pop(key, None)
        if not done.cancelled():
            done.exception()

    async def _without_the_vendor(self, part: Part, question: Question, strict: bool, last: Reading | None, error: RailError) -> Told:
        why = f"{part.name} {error}" if error.kind == "paused" else f"{part.name} could not be read: {error}"
        if question.subject == "connection":
            return self._told_now(part, Probe(state="unreachable" if error.kind in NO_ANSWER else error.kind, label=None, error=str(error)))
        if strict:
            raise LiveFailure("paused" if error.kind == "paused" else "unavailable", why)
        if question.subject == "permissions":
            return self._told_now(part, Scopes(granted=(), note="not known now"), why)
        known = await asyncio.to_thread(recall, self._settings, self._store, part, question, self._clock())
        if known and (last is None or known.as_of > last.as_of):
            return Told(part, Reading(known.rows, known.as_of, 0), "mirror", why)
        if last:
            return Told(part, last, "cache", why)
        raise LiveFailure("paused" if error.kind == "paused" else "unavailable", f"{why}; nothing is known of it from before")

    def _told_now(self, part: Part, row: Row, failure: str | None = None) -> Told:
        return Told(part, Reading([row], self._clock(), 0), "live", failure, may_be_remembered=False)

    async def _answer(self, question: Question, told: Sequence[Told], caller: str | None) -> Answer:
        value = value_of(question.subject, [(one.part, one.reading.rows) for one in told])
        if question.subject == "permissions":
            value["advisors"] = await asyncio.to_thread(grants_on, self._store.database, question.business_id, caller)
        as_of: datetime = min(one.reading.as_of for one in told)
        failures = list(dict.fromkeys(one.failure for one in told if one.failure))
        return Answer(
            value=value,
            as_of=as_of,
            age_seconds=round(max(0.0, (self._clock() - as_of).total_seconds()), 3),
            served_from=max((one.served_from for one in told), key=ORDER.index),
            degraded=bool(failures),
            reason="; ".join(failures) or None,
        )


@asynccontextmanager
async def open_desk(
    settings: Settings, store: ControlStore, clock: Clock, *, strategy: Strategy = USER_ACTION, patience_seconds: float | None = None
) -> AsyncIterator[LiveDesk]:
    """A desk with its own connections to the vendors. strategy, patience_seconds: in place of what is promised, for tests."""
    timeout = httpx.Timeout(60, connect=10)
    limiter = Limiter(settings, store.database, strategy)
    async with limiter, httpx.AsyncClient(timeout=timeout, trust_env=False, verify=tls_context()) as http:
        reader = Reader(settings, store, clock, http, limiter, strategy=strategy, patience_seconds=patience_seconds)
        yield LiveDesk(settings, store, clock, reader)


def ask_once(settings: Settings, store: ControlStore, clock: Clock, question: Question, *, strict: bool = False) -> Answer:
    """One answer for the operator, in an event loop of its own."""

    async def asked() -> Answer:
        async with open_desk(settings, store, clock) as desk:
            return await desk.ask(question, strict=strict)

    return asyncio.run(asked())
