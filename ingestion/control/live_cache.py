"""The live cache in the control store, and the numbers by which every process can tell whether a cached answer still holds.

Each raw table of a business has a number that rises when something in it changed: a landing brought a new version, a
webhook said so, a live reading found other content. A cached answer remembers the sum of its tables' numbers from before
the vendor was asked, so that a change that arrives while the vendor answers ends it as well. An answer that has ended or is
too old stays as the last known one. When it may be used: `ingestion.live`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.clock import wall_clock
from ingestion.control.database import Database, insert
from ingestion.control.facts import Connection
from ingestion.control.live_schema import live_cache, live_changes

# Stands for who is connected and what is paused, which every answer of a business depends on.
CONNECTIONS = ("", "connections")
# In place of a table: that a rail's connections are in another state than they were.
STATE = "connection state"
# An answer nobody asked for in so long is no use as a last known one.
KEPT = timedelta(days=30)

# Rail and entity: the number of its changes.
Numbers = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Cached:
    """What a connection last answered. answer: encoded rows; seen_no: the sum of its tables' numbers before it was asked."""

    answer: bytes
    as_of: datetime
    seen_no: int


def note_changes(transaction: Transaction, changed: Iterable[tuple[str, str, str]]) -> None:
    """Raises the numbers of `changed` (business, rail, entity), so that no cached answer that rests on them is used again."""
    # Sorted, so that two writers on PostgreSQL never wait for each other crosswise.
    rows = [{"business_id": business, "rail": rail, "entity": entity} for business, rail, entity in sorted(set(changed))]
    if rows:
        transaction.execute(_RAISE, rows)


def change_numbers(transaction: Transaction, business_id: str) -> Numbers:
    """The numbers of a business's tables; one that is missing is 0."""
    rows = transaction.execute(_NUMBERS, {"business_id": business_id})
    return {(row.rail, row.entity): row.change_no for row in rows}


def cached_answers(transaction: Transaction, business_id: str, subject: str, record_id: str) -> dict[tuple[str, str], Cached]:
    """What the business's connections last answered, by rail and connection."""
    rows = transaction.execute(_CACHED, {"business_id": business_id, "subject": subject, "record_id": record_id})
    return {(row.rail, row.connection_id): Cached(bytes(row.answer), row.as_of, row.seen_no) for row in rows}


def put_answer(transaction: Transaction, connection: Connection, subject: str, record_id: str, cached: Cached) -> bool:
    """Stores an answer unless a newer one is there; returns whether its content differs from what was there."""
    key = {**connection.key, "subject": subject, "record_id": record_id}
    before = transaction.execute(sa.select(live_cache.c.answer, live_cache.c.as_of).filter_by(**key)).one_or_none()
    if before and before.as_of > cached.as_of:
        return False
    values = {"answer": cached.answer, "as_of": cached.as_of, "seen_no": cached.seen_no, "stored_at": wall_clock()}
    statement = insert(transaction, live_cache).values({**key, **values})
    transaction.execute(statement.on_conflict_do_update(index_elements=list(live_cache.primary_key), set_=values))
    return before is not None and bytes(before.answer) != cached.answer


def mark_seen(transaction: Transaction, connection: Connection, subject: str, record_id: str, seen_no: int) -> None:
    """Says that an answer just stored rests on its tables as they are at `seen_no`."""
    key = {**connection.key, "subject": subject, "record_id": record_id}
    transaction.execute(sa.update(live_cache).filter_by(**key).values(seen_no=seen_no))


def seen_no(numbers: Numbers, rail: str, entities: Sequence[str]) -> int:
    """The sum of the numbers of a rail's `entities` and of its connections' state."""
    return sum(numbers.get((rail, entity), 0) for entity in (*entities, STATE))


def forget_answers(transaction: Transaction, key: Mapping[str, str]) -> None:
    """Drops what a connection answered: it was connected anew, maybe with other rights, or removed."""
    transaction.execute(sa.delete(live_cache).filter_by(**key))
    note_changes(transaction, [(key["business_id"], *CONNECTIONS)])


def prune_answers(database: Database) -> int:
    """Deletes answers stored more than 30 days ago and returns their number."""
    with database.write() as transaction:
        return int(transaction.execute(sa.delete(live_cache).where(live_cache.c.stored_at < wall_clock() - KEPT)).rowcount)


# As text, because SQLAlchemy compiles an insert with a conflict clause anew each time, and a cached answer is to cost little.
_RAISE = sa.text(
    "insert into live_changes (business_id, rail, entity, change_no) values (:business_id, :rail, :entity, 1)"
    " on conflict (business_id, rail, entity) do update set change_no = live_changes.change_no + 1"
)
_NUMBERS = sa.select(live_changes.c.rail, live_changes.c.entity, live_changes.c.change_no).where(
    live_changes.c.business_id == sa.bindparam("business_id")
)
_CACHED = sa.select(live_cache.c.rail, live_cache.c.connection_id, live_cache.c.answer, live_cache.c.as_of, live_cache.c.seen_no).where(
    *(live_cache.c[name] == sa.bindparam(name) for name in ("business_id", "subject", "record_id"))
)
