"""One business's fetch from Ramp: what is due, read entity by entity, each on its own.

A refusal of one entity (scope, plan, a page that cannot be read) is its own; a token that is refused ends the fetch. What
is due: `marks`, by the rules of `lists`. How pages are read: `walk`; what vanished: `gone`; accounts of vendors: `accounts`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote

from ingestion.answers import UnreadablePage
from ingestion.control.facts import Connection
from ingestion.control.outcomes import last_success
from ingestion.fetching import EntityReport, FetchSession, RailError, Traffic
from ingestion.periods import DAY
from ingestion.promise import EntityPromise
from ingestion.rails.ramp.accounts import AccountReader, changed_vendors, having_turn
from ingestion.rails.ramp.arrivals import keep
from ingestion.rails.ramp.client import RampClient
from ingestion.rails.ramp.gone import read_missing
from ingestion.rails.ramp.lists import ACCOUNTS, LISTS, OBJECTS, RampList, scope_of
from ingestion.rails.ramp.marks import Mark, parse_mark
from ingestion.rails.ramp.promise import RAMP
from ingestion.rails.ramp.walk import ListReader
from ingestion.rails.ramp.wire import Form, Record, read_object

VENDORS = "vendors"
# More known records than this not met by a walk are more likely the walk's fault: it is made again before each is read.
CREDIBLE_LOSS = 20


async def fetch(session: FetchSession, connection: Connection, entities: Sequence[EntityPromise], traffic: Traffic) -> list[EntityReport]:
    """Reads `entities` of one business into the session's spool and reports on each."""
    return await _BusinessFetch(session, connection, traffic).run(entities)


class _BusinessFetch:
    def __init__(self, session: FetchSession, connection: Connection, traffic: Traffic) -> None:
        self.session = session
        self.connection = connection
        self.client = RampClient(session, connection, traffic)
        self.now = session.clock()
        self.seen: Counter[str] = Counter()
        self.vendors: dict[str, str] = {}

    async def run(self, entities: Sequence[EntityPromise]) -> list[EntityReport]:
        lacking = await self.client.missing_scopes(scope_of(entity.name) for entity in entities)
        reports = [_scope_missing(entity) for entity in entities if scope_of(entity.name) in lacking]
        readable = [entity for entity in entities if scope_of(entity.name) not in lacking]
        results = await asyncio.gather(*(self._report(one) for one in readable if one.name != ACCOUNTS), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
            reports.append(result)
        # After the vendors, whose changes say which accounts to read.
        vendors = next((report for report in reports if report.entity == VENDORS), None)
        return reports + [await self._report(one, vendors) for one in readable if one.name == ACCOUNTS]

    async def _report(self, entity: EntityPromise, vendors: EntityReport | None = None) -> EntityReport:
        """The report of one entity; RailError only for what no entity of the business would be spared."""
        try:
            if entity.name == ACCOUNTS:
                return await self._read_accounts(entity, vendors)
            return await (self._read_list(entity) if entity.name in LISTS else self._read_object(entity))
        except RailError as error:
            if error.kind == "disconnected":
                raise
            if isinstance(error, UnreadablePage):
                self.session.set_aside(self.connection, entity.name, error.reason, error.body)
            seen = self.seen[entity.name]
            return EntityReport(entity.name, "partial" if seen else "failed", seen, error_kind=error.kind, error=str(error))

    async def _read_object(self, entity: EntityPromise) -> EntityReport:
        one, mark = OBJECTS[entity.name], self._mark(entity.name)
        if self.session.may_wait and mark and not mark.is_of_earlier(self.now, one.every) and await self._is_noted(entity, mark):
            return EntityReport(entity.name, "skipped")
        form = Form(one.stamp, entity.volatile_fields)
        record = await self.client.get(self.client.address(one.path, {}), lambda body: read_object(body, form, one.record_id))
        self._spool(entity, [record])
        return self._succeeded(entity, mark, is_whole=True)

    async def _read_list(self, entity: EntityPromise) -> EntityReport:
        source, mark = LISTS[entity.name], self._mark(entity.name)
        every = source.walk_every
        # Edits that no filter tells are what a person may be waiting for; where that takes long, the daily walk must do.
        is_asked = every < DAY and not self.session.strategy.use_cache
        is_whole = mark is None or self.session.count_check or is_asked or mark.has_passed(self.now, every)
        if mark and not is_whole and self.session.may_wait and source.every and not mark.is_of_earlier(self.now, source.every):
            if await self._is_noted(entity, mark):
                return EntityReport(entity.name, "skipped")
            is_whole = True
        if mark and not is_whole:
            await self._read_recent(entity, source, mark)
        else:
            await self._walk(entity, source, mark)
        return self._succeeded(entity, mark, is_whole)

    async def _read_recent(self, entity: EntityPromise, source: RampList, mark: Mark) -> None:
        reader = ListReader(self.client, _form(entity))
        for reading in source.recent or source.whole:
            if not (self.session.may_wait and reading.every and not mark.is_of_earlier(self.now, reading.every)):
                await reader.read(reading.path, reading.parameters(mark.read_at), lambda records: self._spool(entity, records))

    async def _walk(self, entity: EntityPromise, source: RampList, mark: Mark | None) -> None:
        met: set[str] = set()
        reader = ListReader(self.client, _form(entity))

        def keep(records: Sequence[Record]) -> None:
            met.update(record.record_id for record in records)
            self._spool(entity, records)

        async def walk() -> None:
            for reading in source.whole:
                await reader.read(reading.path, reading.parameters(None), keep, confirm_empty=mark is None)

        await walk()
        if mark is None:
            return
        known = await self.session.known_ids(self.connection, entity.name)
        if len(known - met) > max(CREDIBLE_LOSS, len(known) // 5):
            await walk()
        paths = source.by_id
        missing = sorted(known - met)
        gone = await read_missing(
            self.client,
            missing,
            lambda record_id: [path + quote(record_id, safe="") for path in paths],
            _form(entity),
            source.whole[0].path,
        )
        self._spool(entity, gone)

    async def _read_accounts(self, entity: EntityPromise, vendors: EntityReport | None) -> EntityReport:
        """vendors: how reading them went, None if they were not asked for, in which case they are looked through here."""
        mark = self._mark(entity.name)
        if vendors and vendors.status == "failed":
            return replace(vendors, entity=entity.name)
        if vendors is None:
            await self._look_through_vendors()
        # Taken after the vendors arrived: what arrives later counts as changed the next time.
        read_at = self.session.clock()
        is_asked = vendors is None and not self.session.strategy.use_cache
        changed = await changed_vendors(self.session, self.connection, self.vendors, None if is_asked else mark)
        is_round = vendors is None or vendors.was_full_walk
        if not changed and not is_round:
            return EntityReport(entity.name, "skipped")
        due = having_turn(self.vendors, mark.walked_at, read_at) if is_round and mark else set()
        reader = AccountReader(self.session, self.connection, self.client)
        await reader.read(sorted(due.union(changed)), lambda records: self._spool(entity, records), may_be_known=mark is not None)
        walked_at = read_at if is_round or mark is None else mark.walked_at
        watermark = Mark(read_at, walked_at).text()
        return EntityReport(entity.name, "succeeded", self.seen[entity.name], was_full_walk=mark is None, watermark=watermark)

    async def _look_through_vendors(self) -> None:
        form = _form(next(entity for entity in RAMP.entities if entity.name == VENDORS))
        await ListReader(self.client, form).read(
            LISTS[VENDORS].whole[0].path, {}, lambda records: self.vendors.update({one.record_id: one.content_hash for one in records})
        )

    def _spool(self, entity: EntityPromise, records: Sequence[Record]) -> None:
        self.seen[entity.name] += len(records)
        if entity.name == VENDORS:
            self.vendors.update({record.record_id: record.content_hash for record in records if not record.is_deleted})
        keep(self.session, self.connection, entity.name, records)

    def _succeeded(self, entity: EntityPromise, mark: Mark | None, is_whole: bool) -> EntityReport:
        walked_at = self.now if is_whole or mark is None else mark.walked_at
        text = Mark(self.now, walked_at).text()
        return EntityReport(entity.name, "succeeded", self.seen[entity.name], was_full_walk=is_whole, watermark=text)

    async def _is_noted(self, entity: EntityPromise, mark: Mark) -> bool:
        """Whether the reading that left the mark has its outcome: a process that died in between has left a day of stale data."""
        noted = await asyncio.to_thread(last_success, self.session.store.database, self.connection, entity.name)
        return noted is not None and noted >= mark.read_at

    def _mark(self, entity: str) -> Mark | None:
        return parse_mark(self.session.watermark(self.connection, entity))


def _form(entity: EntityPromise) -> Form:
    return Form(LISTS[entity.name].stamp, entity.volatile_fields)


def _scope_missing(entity: EntityPromise) -> EntityReport:
    scope = scope_of(entity.name)
    told = f"the token lacks the scope {scope}: grant it to the app in Ramp, and ask for it in the credentials"
    return EntityReport(entity.name, "failed", error_kind="scope_missing", error=told)
