"""Reads whole entities by query: the first load, and the way back when the change feed cannot be trusted.

Pages are cut by position, and a deletion during the walk shifts later rows to earlier positions. Each page therefore
starts at the last row of the page before it, and one that does not begin with that row is read again from further
back. Whatever slips through all the same is found by counting afterwards. The change feed is `changes`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import msgspec

from ingestion.fetching import RailError
from ingestion.promise import EntityPromise
from ingestion.rails.qbo.client import QboClient, UnreadablePage
from ingestion.rails.qbo.wire import Record, batch_counts, count_of, split_query

PAGE_ROWS = 1000
STEP_BACK_ROWS = 50
BATCH_ITEMS = 30


@dataclass
class Walk:
    """What a walk of one entity saw. started: the server's time at its first page, from where changes are read next."""

    entity: EntityPromise
    started: str | None = None
    ids: set[str] = field(default_factory=set)
    unreadable: list[UnreadablePage] = field(default_factory=list)

    async def pages(self, client: QboClient) -> AsyncIterator[list[Record]]:
        """Yields the records of each page; an unreadable page is noted and passed over, so that other rows land."""
        start, last = 1, None
        while True:
            try:
                records, served_at = await client.query(statement(self.entity, start), lambda body: split_query(body, self.entity.vendor_name))
            except UnreadablePage as page:
                self.unreadable.append(page)
                if len(self.unreadable) > 1 and page.body == self.unreadable[-2].body:
                    return
                start, last = start + PAGE_ROWS, None
                continue
            self.started = self.started or served_at
            if last is not None and (not records or records[0].record_id != last) and start > 1:
                start, last = max(1, start - STEP_BACK_ROWS), None
                continue
            self.ids.update(record.record_id for record in records)
            yield records
            if len(records) < PAGE_ROWS:
                return
            last = records[-1].record_id
            start += PAGE_ROWS - 1


def statement(entity: EntityPromise, start: int) -> str:
    """The query for one page; inactive names are asked for expressly, since the API hides them otherwise."""
    return f"SELECT * FROM {entity.vendor_name}{_where(entity)} ORDERBY Id STARTPOSITION {start} MAXRESULTS {PAGE_ROWS}"


async def counts(client: QboClient, entities: Sequence[EntityPromise]) -> dict[str, int]:
    """How many records the vendor has per entity: one batch call for up to thirty, single queries if batches are refused."""
    found: dict[str, int] = {}
    for first in range(0, len(entities), BATCH_ITEMS):
        chunk = entities[first : first + BATCH_ITEMS]
        items = [{"bId": entity.name, "Query": _count_statement(entity)} for entity in chunk]
        try:
            found.update(await client.post("/batch", msgspec.json.encode({"BatchItemRequest": items}), batch_counts))
        except RailError as error:
            if error.kind not in ("refused", "malformed_page"):
                raise
            for entity in chunk:
                found[entity.name] = await client.query(_count_statement(entity), count_of)
    return found


def _count_statement(entity: EntityPromise) -> str:
    return f"SELECT count(*) FROM {entity.vendor_name}{_where(entity)}"


def _where(entity: EntityPromise) -> str:
    return " WHERE Active IN (true, false)" if entity.has_inactive else ""
