"""Reads an item's transactions: from its cursor to the end of the update, and only then anything of it counts.

Plaid's rules (transactions/sync): the pages of an update belong together; if one fails, or transactions change meanwhile
(mutation), the update is read again from its first cursor and what was read is dropped. So pages wait beside the spool,
as bytes and beyond a few megabytes on disk, until the last one is there; rows and cursor are then committed together.
A pending transaction that posts is removed under its id and added under another that names it (pending_transaction_id).

Read from the beginning (the first time, or when the cursor is gone), the update is all there is: what is known and not
in it has been removed unseen. Not so while Plaid is still collecting the item's history.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import IO

from ingestion.answers import Transient
from ingestion.fetching import EntityReport, RailError
from ingestion.rails.plaid.arrivals import end_missing, keep
from ingestion.rails.plaid.client import PlaidClient
from ingestion.rails.plaid.complaints import CursorGone, Mutated
from ingestion.rails.plaid.wire import Record, Step, read_step, split_sync

ENTITY = "transactions"
PATH = "/transactions/sync"
# The most there can be: fewer pages are fewer chances of a mutation.
PAGE_ROWS = 500
# The most there can be, and fixed for the item by the first call ever made; the default would be 90.
DAYS_REQUESTED = 730
MUTATION_RESTARTS = 5
HELD_IN_MEMORY_BYTES = 2_000_000
STILL_COLLECTING = {"NOT_READY", "INITIAL_UPDATE_COMPLETE"}


@dataclass
class Update:
    """The pages of one update, from the cursor `start` ('' is the beginning) to `cursor`. Closed, they are gone."""

    start: str
    pages: IO[bytes] = field(repr=False)
    cursor: str = ""
    status: str = ""
    _received: list[tuple[int, datetime]] = field(default_factory=list)

    def add(self, body: bytes, step: Step, at: datetime) -> None:
        """Takes the next page, which was received at `at`."""
        self.pages.write(body)
        self._received.append((len(body), at))
        self.cursor, self.status = step.next_cursor, step.status

    def __iter__(self) -> Iterator[tuple[list[Record], datetime]]:
        self.pages.seek(0)
        for size, at in self._received:
            yield split_sync(self.pages.read(size)), at

    def __enter__(self) -> Update:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.pages.close()


async def read_transactions(client: PlaidClient) -> EntityReport:
    """Spools what happened since the last committed cursor and reports the new one."""
    cursor = client.session.watermark(client.connection, ENTITY) or ""
    try:
        update = await _read_update(client, cursor)
    except CursorGone:
        if not cursor:
            raise
        update = await _read_update(client, "")
    with update:
        if not update.cursor:
            return EntityReport(ENTITY, "skipped", error_kind="not_ready", error="Plaid is still collecting this from the bank")
        seen, living = _spool(client, update)
        if update.start:
            return EntityReport(ENTITY, "succeeded", seen, watermark=update.cursor)
        return await _settle_whole(client, update, seen, living)


async def _settle_whole(client: PlaidClient, update: Update, seen: int, living: set[str]) -> EntityReport:
    """Ends what is known and not served any more, once Plaid has the whole history.

    Until then the cursor stays where it was, so that the history is read from its beginning again; unless nothing was
    known before, as with every new item, and nothing can be missing.
    """
    if update.status in STILL_COLLECTING:
        known = await client.session.known_ids(client.connection, ENTITY)
        return EntityReport(ENTITY, "succeeded", seen, watermark=None if known else update.cursor)
    ended = await end_missing(client.session, client.connection, ENTITY, "transaction_id", living)
    return EntityReport(ENTITY, "succeeded", seen + ended, was_full_walk=True, watermark=update.cursor)


def _spool(client: PlaidClient, update: Update) -> tuple[int, set[str]]:
    """Spools the pages in order; returns the number of records and the ids that are there at the end."""
    seen, living = 0, set[str]()
    for records, at in update:
        keep(client.session, client.connection, ENTITY, records, at)
        seen += len(records)
        if not update.start:
            for record in records:
                (living.discard if record.is_deleted else living.add)(record.record_id)
    return seen, living


async def _read_update(client: PlaidClient, cursor: str) -> Update:
    return await client.repeat(lambda: _undisturbed(client, cursor))


async def _undisturbed(client: PlaidClient, cursor: str) -> Update:
    """One reading of the whole update that no mutation disturbed; any other failure of a page is Transient or for good."""
    for _ in range(MUTATION_RESTARTS + 1):
        try:
            return await _collect(client, cursor)
        except Mutated:
            client.count_restart()
    raise Transient(RailError("mutated", "transactions kept changing while they were being read"))


async def _collect(client: PlaidClient, start: str) -> Update:
    # The spool's folder, because the system's temporary one can be memory.
    folder = str(client.session.spool.folder)
    with ExitStack() as unfinished:
        pages = unfinished.enter_context(tempfile.SpooledTemporaryFile(HELD_IN_MEMORY_BYTES, dir=folder))
        update = Update(start, pages)
        cursor, has_more = start, True
        while has_more:
            try:
                body, step = await client.ask_once(PATH, _request(cursor), _with_body)
            except CursorGone:
                # Of the cursors of an update only the first says up to where the item was read.
                if cursor == start:
                    raise
                raise Mutated from None
            if step.has_more and step.next_cursor == cursor:
                raise Transient(RailError("page_gap", "a page's cursor leads to the same page again"))
            update.add(body, step, client.session.clock())
            cursor, has_more = step.next_cursor, step.has_more
        # Whole, it is its reader's to close.
        unfinished.pop_all()
    return update


def _request(cursor: str) -> dict[str, object]:
    # What the bank itself wrote, which matching payees needs; the same in every page, since options belong to a cursor.
    options: dict[str, object] = {"include_original_description": True}
    if cursor:
        return {"cursor": cursor, "count": PAGE_ROWS, "options": options}
    return {"count": PAGE_ROWS, "options": options | {"days_requested": DAYS_REQUESTED}}


def _with_body(body: bytes) -> tuple[bytes, Step]:
    return body, read_step(body)
