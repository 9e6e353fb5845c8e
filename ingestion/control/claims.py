"""How rows that wait to be acted on (webhooks, sync requests) are taken by a run and settled by what it came to.

A run names its claim; the sync of that run says which connections it has read, and only then is a row settled, so that
neither a killed run nor a connection left to another sync loses one. Doing a row twice does no harm. The rows
themselves are in `inbox` and `requests`. Times are the machine's: a sandbox's clock stands still while work is done.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.clock import wall_clock
from ingestion.control.arrivals_schema import sync_requests, webhook_inbox
from ingestion.control.database import Database
from ingestion.control.schema import connections

# A row whose runs all failed is given up after these; schedules and sweeps bring the data nevertheless.
MOST_ATTEMPTS = 5
# A sensor's tick that claimed rows can die before its run exists; a run takes less than this to be there.
CLAIM_WITHOUT_RUN = timedelta(minutes=2)

TABLES: tuple[sa.Table, ...] = (webhook_inbox, sync_requests)
PENDING, DONE, DEAD, IGNORED = "pending", "done", "dead", "ignored"


@dataclass(frozen=True, slots=True)
class Readings:
    """What the sync of a run came to, by business. read: businesses whose connections were read; failed: why the others were not."""

    read: Collection[str]
    failed: Mapping[str, str]


def is_read(table: sa.Table) -> sa.ColumnElement[bool]:
    """Whether a request was read after it was last asked for, by a run that has ended; what is read waits only to be published."""
    return sa.and_(table.c.claim_id.is_(None), table.c.fetched_at.is_not(None), table.c.asked_at <= table.c.fetched_at)


def is_free(table: sa.Table) -> sa.ColumnElement[bool]:
    """Whether no run is at a request: also when one has read it that took it before it was asked for again.

    That run publishes without it, and it need not wait for that.
    """
    asked_again = sa.and_(table.c.fetched_at.is_not(None), table.c.asked_at > table.c.claimed_at)
    return sa.and_(table.c.state == PENDING, sa.or_(table.c.claim_id.is_(None), asked_again))


def claim(database: Database, table: sa.Table, keys: Sequence[Any], claim_id: str) -> None:
    """Marks the rows `keys` (primary key) as worked on by the run that carries `claim_id`."""
    (key,) = table.primary_key
    fresh = {"fetched_at": None, "attempts": table.c.attempts + 1}
    if table is sync_requests:
        fresh = {name: sa.case((is_read(table), table.c[name]), else_=value) for name, value in fresh.items()}
    with database.write() as transaction:
        for first in range(0, len(keys), 500):
            mine = sa.and_(key.in_(keys[first : first + 500]), table.c.state == PENDING)
            transaction.execute(sa.update(table).where(mine).values(claim_id=claim_id, claimed_at=wall_clock(), **fresh))


def note_readings(database: Database, claim_id: str, rail: str, readings: Readings) -> None:
    """Records what the run with `claim_id` has read of `rail`: its webhooks are done, its sync requests wait for the run's end.

    A business left to another sync is in neither list and its rows go back to wait: that sync may have read the vendor
    before the event.
    """
    now = wall_clock()
    with database.write() as transaction:
        for table in TABLES:
            mine = sa.and_(table.c.claim_id == claim_id, table.c.rail == rail, table.c.state == PENDING)
            read = sa.and_(mine, table.c.business_id.in_(list(readings.read)))
            done: dict[str, Any] = {"fetched_at": now}
            if table is webhook_inbox:
                done |= {"state": DONE, "settled_at": now, "body": None}
            transaction.execute(sa.update(table).where(read).values(done))
            for business_id, why in readings.failed.items():
                _give_back(transaction, table, sa.and_(mine, table.c.business_id == business_id), why)


def open_claims(database: Database) -> dict[str, datetime]:
    """The claims that still have pending rows, with when they were made."""
    found: dict[str, datetime] = {}
    with database.read() as transaction:
        for table in TABLES:
            rows = transaction.execute(
                sa.select(table.c.claim_id, sa.func.max(table.c.claimed_at, type_=table.c.claimed_at.type))
                .where(table.c.state == PENDING, table.c.claim_id.is_not(None))
                .group_by(table.c.claim_id)
            )
            found |= dict(rows.tuples().all())
    return found


def end_claim(database: Database, claim_id: str, succeeded: bool, published: bool = True) -> None:
    """Settles what a run that has ended leaves: requests it served are done, everything else waits again or is given up.

    published: whether the run was to publish too; what one that only read has read waits, as read, for one that does. A request
    asked for again after the run took it is neither done nor read: the vendor may have been read before the change.
    """
    now = wall_clock()
    with database.write() as transaction:
        if succeeded:
            served = sa.and_(
                sync_requests.c.claim_id == claim_id,
                sync_requests.c.state == PENDING,
                sync_requests.c.fetched_at.is_not(None),
                sync_requests.c.asked_at <= sync_requests.c.claimed_at,
            )
            then = {"state": DONE, "settled_at": now} if published else {"claim_id": None, "claimed_at": None}
            transaction.execute(sa.update(sync_requests).where(served).values(reason=None, **then))
        for table in TABLES:
            left = sa.and_(table.c.claim_id == claim_id, table.c.state == PENDING)
            _give_back(transaction, table, left, None if succeeded else "the run failed")


def end_waiting(transaction: Transaction, business_id: str, rail: str, connection_id: str, why: str) -> None:
    """Gives up what waits for a connection that nobody will read: its webhooks, and sync requests if no other is left to serve them."""
    others = sa.select(connections.c.connection_id).where(
        connections.c.business_id == business_id,
        connections.c.rail == rail,
        connections.c.connection_id != connection_id,
        connections.c.removed_at.is_(None),
    )
    told = sa.and_(webhook_inbox.c.connection_id == connection_id, webhook_inbox.c.rail == rail)
    asked = sa.and_(sync_requests.c.business_id == business_id, sync_requests.c.rail == rail, ~sa.exists(others))
    for table, which in ((webhook_inbox, told), (sync_requests, asked)):
        gone = {"state": DEAD, "settled_at": wall_clock(), "reason": why, "claim_id": None, "claimed_at": None}
        transaction.execute(sa.update(table).where(which, table.c.state == PENDING).values(gone))


def _give_back(transaction: Transaction, table: sa.Table, which: sa.ColumnElement[bool], why: str | None) -> None:
    """Lets rows wait again. why: what failed; a row that has failed too often is dead, one that only was left to another is not."""
    free: dict[str, Any] = {"claim_id": None, "claimed_at": None, "fetched_at": None, "reason": why}
    if why is None:
        transaction.execute(sa.update(table).where(which).values({**free, "attempts": 0}))
        return
    given_up = sa.and_(which, table.c.attempts >= MOST_ATTEMPTS)
    transaction.execute(sa.update(table).where(given_up).values({**free, "state": DEAD, "settled_at": wall_clock()}))
    transaction.execute(sa.update(table).where(which, table.c.attempts < MOST_ATTEMPTS).values(free))
