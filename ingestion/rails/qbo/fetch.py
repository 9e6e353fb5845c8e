"""One company's fetch: the aged reports and the counts once a day, the change feed where it can be trusted, a walk where it cannot.

A walk is made for an entity that was never read whole, whose last read lies beyond the feed's horizon, or whose feed
answer was full. A walk over known records also finds what was deleted unseen: known ids that are gone are read one by
one, and the vendor's refusal is kept as the deletion.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from ingestion.answers import UnreadablePage
from ingestion.changelog.schema import content_hash
from ingestion.clock import utc_text
from ingestion.control.facts import Connection
from ingestion.fetching import EntityReport, FetchSession, Traffic
from ingestion.promise import EntityPromise
from ingestion.rails.qbo.arrivals import keep
from ingestion.rails.qbo.changes import read_by_id, read_changes
from ingestion.rails.qbo.client import ObjectNotFound, QboClient
from ingestion.rails.qbo.promise import REPORTS
from ingestion.rails.qbo.reports import read_reports
from ingestion.rails.qbo.walk import Walk, counts, walk_all
from ingestion.rails.qbo.wire import Record

# The feed looks 30 days back; a day is left for clocks and for the walk itself.
HORIZON = timedelta(days=29)
# Records can become visible minutes after their stamp; what is read twice adds nothing.
OVERLAP = timedelta(minutes=15)
WALK_ATTEMPTS = 3
# Stands for a count that was asked for and came back malformed; None is a count the vendor does not give.
UNREADABLE = -1


async def fetch(session: FetchSession, connection: Connection, entities: Sequence[EntityPromise], traffic: Traffic) -> list[EntityReport]:
    """Reads `entities` of one company into the session's spool and reports on each."""
    return await _CompanyFetch(session, connection, traffic).run(entities)


class _CompanyFetch:
    def __init__(self, session: FetchSession, connection: Connection, traffic: Traffic) -> None:
        self.session = session
        self.connection = connection
        self.client = QboClient(session, connection, traffic)
        self.since: dict[str, datetime] = {}

    async def run(self, entities: Sequence[EntityPromise]) -> list[EntityReport]:
        wanted = [entity for entity in entities if entity.name in REPORTS]
        records = [entity for entity in entities if entity.name not in REPORTS]
        reported = await read_reports(self.session, self.connection, self.client, wanted, is_asked=not records)
        return await self._read_records(records) + reported

    async def _read_records(self, entities: Sequence[EntityPromise]) -> list[EntityReport]:
        oldest = self.session.clock() - HORIZON
        for entity in entities:
            watermark = self.session.watermark(self.connection, entity.name)
            if watermark and datetime.fromisoformat(watermark) > oldest:
                self.since[entity.name] = datetime.fromisoformat(watermark)
        fed = [entity for entity in entities if entity.name in self.since]
        reports, again = await self._read_feed(fed) if fed else ([], set())
        walked = [entity for entity in entities if entity.name not in self.since or entity.name in again]
        return reports + await self._walk_all(walked)

    async def _read_feed(self, entities: Sequence[EntityPromise]) -> tuple[list[EntityReport], set[str]]:
        since = min(self.since[entity.name] for entity in entities) - OVERLAP
        try:
            changes = await read_changes(self.client, entities, since)
        except UnreadablePage as page:
            self.session.set_aside(self.connection, "cdc", page.reason, page.body)
            return [EntityReport(entity.name, "failed", error_kind=page.kind, error=str(page)) for entity in entities], set()
        totals = await self._count(entities) if self.session.count_check else {}
        again = set(changes.full)
        reports = []
        for entity in entities:
            records = changes.records.get(entity.name, [])
            total = totals.get(entity.name)
            if entity.name not in again and total not in (None, UNREADABLE) and total != await self._expected(entity, records):
                again.add(entity.name)
            if entity.name not in again:
                self._spool(entity, records)
                reports.append(
                    EntityReport(
                        entity.name,
                        "succeeded",
                        len(records),
                        source_count=None if total == UNREADABLE else total,
                        watermark=self._mark(changes.served_at),
                    )
                )
        return reports, again

    async def _expected(self, entity: EntityPromise, changed: Sequence[Record]) -> int:
        """How many records there are if the change log and this feed answer tell the whole story."""
        known = await self.session.known_ids(self.connection, entity.name)
        gone = {record.record_id for record in changed if record.is_deleted}
        return len((known | {record.record_id for record in changed}) - gone)

    async def _walk_all(self, entities: Sequence[EntityPromise]) -> list[EntityReport]:
        if not entities:
            return []
        walks = await walk_all(self.client, entities, self._spool)
        totals = await self._count(entities)
        return [await self._settle(walk, totals.get(walk.entity.name)) for walk in walks]

    async def _count(self, entities: Sequence[EntityPromise]) -> dict[str, int]:
        """The vendor's counts; an answer that stays unreadable is set aside and leaves all of them UNREADABLE."""
        try:
            return await counts(self.client, entities)
        except UnreadablePage as page:
            self.session.set_aside(self.connection, "counts", page.reason, page.body)
            return dict.fromkeys((entity.name for entity in entities if not entity.is_single), UNREADABLE)

    async def _settle(self, walk: Walk, total: int | None) -> EntityReport:
        """Walks again while the count says that rows were missed, then looks for what was deleted unseen."""
        entity = walk.entity
        for _ in range(WALK_ATTEMPTS - 1):
            if walk.unreadable or walk.refusal or not _lacks(walk, total):
                break
            (walk,) = await walk_all(self.client, [entity], self._spool)
            total = (await self._count([entity])).get(entity.name)
        for page in walk.unreadable:
            self.session.set_aside(self.connection, entity.name, page.reason, page.body)
        seen = len(walk.ids)
        if walk.unreadable:
            first = walk.unreadable[0]
            return EntityReport(entity.name, "partial" if seen else "failed", seen, error_kind=first.kind, error=str(first))
        if walk.refusal:
            return EntityReport(entity.name, "failed", error_kind=walk.refusal.kind, error=str(walk.refusal))
        if total == UNREADABLE:
            return EntityReport(entity.name, "partial", seen, error_kind="malformed_page", error="the vendor's count could not be read")
        if _lacks(walk, total):
            missing = f"the vendor counts {total} records, {seen} could be read" if total else "the vendor did not serve the one there is"
            return EntityReport(entity.name, "partial", seen, source_count=total, error_kind="page_gap", error=missing)
        gone = await self._find_deleted(walk)
        return EntityReport(
            entity.name, "succeeded", seen + gone, was_full_walk=True, source_count=total, watermark=self._mark(walk.started)
        )

    async def _find_deleted(self, walk: Walk) -> int:
        entity = walk.entity
        if self.session.watermark(self.connection, entity.name) is None:
            return 0
        missing = sorted(await self.session.known_ids(self.connection, entity.name) - walk.ids)
        # The moment of the deletion is unknown; the moment it was noticed is later than every version known. By the vendor's
        # clock if ours is behind it: a deletion stamped before the record's last change would not be its newest state.
        noticed_at = max(self.session.clock(), datetime.fromisoformat(self._mark(walk.started)))
        self._spool(entity, list(await asyncio.gather(*(self._state_of(entity, record_id, noticed_at) for record_id in missing))))
        return len(missing)

    async def _state_of(self, entity: EntityPromise, record_id: str, noticed_at: datetime) -> Record:
        try:
            return await read_by_id(self.client, entity.vendor_name, record_id)
        except ObjectNotFound as gone:
            return Record(record_id, noticed_at, True, gone.body, content_hash(b"deleted"))

    def _spool(self, entity: EntityPromise, records: Sequence[Record]) -> None:
        keep(self.session, self.connection, entity.name, records)

    def _mark(self, served_at: str | None) -> str:
        """The moment from which changes are read next: the vendor's own clock, so that ours being off loses nothing."""
        return utc_text(datetime.fromisoformat(served_at) if served_at else self.session.clock())


def _lacks(walk: Walk, total: int | None) -> bool:
    """Whether fewer records were met than there are: by the vendor's count, or one where there is always one and none is counted."""
    least = 1 if walk.entity.is_single else total
    return least is not None and len(walk.ids) < least
