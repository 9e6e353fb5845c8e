"""Reads whole entities by query: the first load, and the way back when the change feed cannot be trusted.

All entities are walked together, their next pages in one batch call; a batch that cannot be read is asked again page
by page, so that one bad page does not cost the others. Pages are cut by position, and a deletion during the walk
shifts later rows to earlier positions: each page therefore starts at the last row of the page before it, and one that
does not begin with that row is read again from further back. Whatever slips through all the same is found by counting
afterwards. The change feed is `changes`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from ingestion.answers import UnreadablePage
from ingestion.fetching import RailError
from ingestion.promise import EntityPromise
from ingestion.rails.qbo.client import QboClient
from ingestion.rails.qbo.wire import Record, batch_counts, count_of, split_batch, split_query

PAGE_ROWS = 1000
STEP_BACK_ROWS = 50
# Intuit: at most 30 items in a batch, which counts as one request.
BATCH_ITEMS = 30
# What a single query can still answer when a batch could not.
WORTH_SINGLE_QUERIES = {"refused", "malformed_page", "fault", "not_found"}
# What the vendor can say of one entity while it answers for the others.
ENTITY_REFUSALS = {"refused", "fault", "not_found"}

Keep = Callable[[EntityPromise, Sequence[Record]], None]


@dataclass
class Walk:
    """One entity's walk.

    started: the server's time at its first page, from where changes are read next. refusal: why the vendor would not
    answer for this entity, which ends its walk and no other.
    """

    entity: EntityPromise
    started: str | None = None
    ids: set[str] = field(default_factory=set)
    unreadable: list[UnreadablePage] = field(default_factory=list)
    refusal: RailError | None = None
    is_done: bool = False
    _start: int = 1
    _last: str | None = None

    def statement(self) -> str:
        """The query for the next page; inactive names are asked for expressly, since the API hides them otherwise."""
        entity = self.entity
        if entity.is_single:
            return f"SELECT * FROM {entity.vendor_name}"
        return f"SELECT * FROM {entity.vendor_name}{_where(entity)} ORDERBY Id STARTPOSITION {self._start} MAXRESULTS {PAGE_ROWS}"

    def accept(self, records: list[Record], served_at: str | None) -> list[Record]:
        """Takes the next page and returns its records; when rows moved, what comes next is read from further back.

        Records of a page that is read again are kept all the same: the next time they may read otherwise, or be gone.
        """
        self.started = self.started or served_at
        self.ids.update(record.record_id for record in records)
        if self._last is not None and (not records or records[0].record_id != self._last):
            self._start, self._last = max(1, self._start - STEP_BACK_ROWS), None
        elif len(records) < PAGE_ROWS:
            self.is_done = True
        else:
            self._start, self._last = self._start + PAGE_ROWS - 1, records[-1].record_id
        return records

    def pass_over(self, page: UnreadablePage) -> None:
        """Notes an unreadable page and goes on behind it; two in a row end the walk, the vendor is serving nothing else."""
        is_second = bool(self.unreadable) and self._last is None and self._start > 1
        self.unreadable.append(page)
        self._start, self._last, self.is_done = self._start + PAGE_ROWS, None, is_second


async def walk_all(client: QboClient, entities: Sequence[EntityPromise], keep: Keep) -> list[Walk]:
    """Walks `entities` to their ends, handing each page's records to `keep`."""
    walks = [Walk(entity) for entity in entities]
    while pending := [walk for walk in walks if not walk.is_done]:
        for first in range(0, len(pending), BATCH_ITEMS):
            await _next_pages(client, pending[first : first + BATCH_ITEMS], keep)
    return walks


async def counts(client: QboClient, entities: Sequence[EntityPromise]) -> dict[str, int]:
    """How many records the vendor has per entity: one batch call for up to thirty, single queries if that is refused.

    What there is one of is not counted, and an entity the vendor does not count is left out.
    """
    found: dict[str, int] = {}
    countable = [entity for entity in entities if not entity.is_single]
    for first in range(0, len(countable), BATCH_ITEMS):
        chunk = countable[first : first + BATCH_ITEMS]
        try:
            found.update(await client.post("/batch", _batch({entity.name: _count_statement(entity) for entity in chunk}), batch_counts))
        except RailError as error:
            if error.kind not in WORTH_SINGLE_QUERIES:
                raise
            for entity in chunk:
                found.update(await _count_alone(client, entity))
    return found


async def _count_alone(client: QboClient, entity: EntityPromise) -> dict[str, int]:
    try:
        return {entity.name: await client.query(_count_statement(entity), count_of)}
    except RailError as error:
        if error.kind not in ENTITY_REFUSALS:
            raise
        return {}


async def _next_pages(client: QboClient, walks: Sequence[Walk], keep: Keep) -> None:
    names = {walk.entity.name: walk.entity.vendor_name for walk in walks}
    pages: dict[str, list[Record]] = {}
    served_at = None
    if len(walks) > 1:
        statements = {walk.entity.name: walk.statement() for walk in walks}
        try:
            async with client.large_answers:
                pages, served_at = await client.post("/batch", _batch(statements), lambda body: split_batch(body, names))
        except RailError as error:
            if error.kind not in WORTH_SINGLE_QUERIES:
                raise
    for walk in walks:
        if walk.entity.name in pages:
            keep(walk.entity, walk.accept(pages[walk.entity.name], served_at))
    # Together: one after the other, a company that serves nothing readable would keep all others waiting for minutes.
    singly = [_next_page(client, walk, keep) for walk in walks if walk.entity.name not in pages]
    failed = [error for error in await asyncio.gather(*singly, return_exceptions=True) if error]
    if failed:
        raise failed[0]


async def _next_page(client: QboClient, walk: Walk, keep: Keep) -> None:
    try:
        records, served_at = await client.query(walk.statement(), lambda body: split_query(body, walk.entity.vendor_name))
    except UnreadablePage as page:
        walk.pass_over(page)
    except RailError as error:
        if error.kind not in ENTITY_REFUSALS:
            raise
        walk.refusal, walk.is_done = error, True
    else:
        keep(walk.entity, walk.accept(records, served_at))


def _batch(statements: dict[str, str]) -> bytes:
    return msgspec.json.encode({"BatchItemRequest": [{"bId": name, "Query": statement} for name, statement in statements.items()]})


def _count_statement(entity: EntityPromise) -> str:
    return f"SELECT count(*) FROM {entity.vendor_name}{_where(entity)}"


def _where(entity: EntityPromise) -> str:
    return " WHERE Active IN (true, false)" if entity.has_inactive else ""
