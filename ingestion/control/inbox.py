"""The webhook inbox: one row per event that a vendor signed, kept before the vendor is told so.

An event only says what to read again, so its body is not kept, except of one nobody could read. Dead letters are events
nobody can act on: their connection is not known here, their body could not be read, or their runs failed too often. How
rows are taken by runs is in `ingestion.control.claims`; who signed what is the receiver's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.clock import wall_clock
from ingestion.control.arrivals_schema import sync_requests, webhook_inbox
from ingestion.control.claims import DEAD, DONE, IGNORED, PENDING
from ingestion.control.consents import note_announcement
from ingestion.control.database import Database
from ingestion.control.live_cache import note_changes
from ingestion.control.schema import connections
from ingestion.errors import UsageError
from ingestion.webhooks import Notice

UNKNOWN_CONNECTION = "no business is connected to it here"
# Longer than any vendor repeats an event (Stripe three days), so that a repeated one still finds its row.
KEPT_SETTLED = timedelta(days=30)
KEPT_DEAD = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row that waits for a run. entities: raw tables to read, none means all of the rail; key: its primary key.

    is_read: they have been read since it came, so that it only waits to be published.
    """

    key: Any
    rail: str
    business_id: str
    entities: tuple[str, ...]
    since: datetime
    attempts: int = 0
    is_read: bool = False

    def is_due(self, now: datetime) -> bool:
        """Whether to try now: at once, also once it is read, and after failures 1, 3, 7 and 15 minutes from when it came."""
        return self.is_read or now - self.since >= timedelta(minutes=2**self.attempts - 1)


def put_notices(transaction: Transaction, rail: str, owners: Mapping[str, str], notices: Sequence[Notice]) -> int:
    """Stores events and returns how many were new; one that is already there stays as it is. owners: business by connection.

    Cached live answers that rest on what a new one is about end with it, and an end that it announces is kept.
    """
    new = 0
    changed: list[tuple[str, str, str]] = []
    now = wall_clock()
    for notice in notices:
        owner = owners.get(notice.connection_id)
        state = DEAD if owner is None else PENDING if notice.entities else IGNORED
        is_new = _put(
            transaction,
            {
                "rail": rail,
                "connection_id": notice.connection_id,
                "event_id": notice.event_id,
                "business_id": owner,
                "kind": notice.kind,
                "entities": ",".join(notice.entities),
                "state": state,
                "reason": UNKNOWN_CONNECTION if owner is None else None,
                "received_at": now,
                "settled_at": None if state == PENDING else now,
            },
        )
        new += is_new
        if is_new and owner is not None:
            note_announcement(transaction, rail, notice)
            changed += [(owner, rail, entity) for entity in notice.entities]
    note_changes(transaction, changed)
    return new


def put_unreadable(transaction: Transaction, rail: str, body: bytes, why: str) -> int:
    """Keeps a signed body that could not be read, once, and returns whether it was new."""
    now = wall_clock()
    digest = hashlib.sha256(body).hexdigest()
    row = {"rail": rail, "connection_id": "", "event_id": digest, "kind": "unreadable", "entities": "", "state": DEAD}
    return _put(transaction, {**row, "business_id": None, "reason": why, "body": body, "received_at": now, "settled_at": now})


def waiting_events(database: Database, limit: int = 10_000) -> list[Waiting]:
    """The events no run has taken yet, oldest first."""
    table = webhook_inbox
    query = sa.select(table).where(table.c.state == PENDING, table.c.claim_id.is_(None)).order_by(table.c.inbox_no).limit(limit)
    with database.read() as transaction:
        return [
            Waiting(row.inbox_no, row.rail, row.business_id, tuple(row.entities.split(",")), row.received_at, row.attempts)
            for row in transaction.execute(query)
        ]


def read_since(database: Database, since: datetime | None) -> list[str]:
    """The businesses of which a vendor was read because of an event after `since`, or ever."""
    query = sa.select(webhook_inbox.c.business_id).distinct().where(webhook_inbox.c.state == DONE, webhook_inbox.c.business_id.is_not(None))
    if since is not None:
        query = query.where(webhook_inbox.c.settled_at > since)
    with database.read() as transaction:
        return sorted(transaction.execute(query).scalars())


def dead_letters(database: Database) -> list[dict[str, Any]]:
    """Events nobody could act on, newest first, without their bodies, for people."""
    names = ("inbox_no", "rail", "connection_id", "business_id", "event_id", "kind", "entities", "reason", "attempts", "received_at")
    query = sa.select(*(webhook_inbox.c[name] for name in names)).where(webhook_inbox.c.state == DEAD)
    with database.read() as transaction:
        return [dict(row) for row in transaction.execute(query.order_by(webhook_inbox.c.inbox_no.desc())).mappings()]


def replay_dead_letter(database: Database, inbox_no: int) -> str:
    """Lets a dead letter wait again, for the business its connection belongs to now, and returns that business.

    UsageError when there is no such dead letter, when its connection is unknown or was removed, or when it could not be read.
    """
    with database.write() as transaction:
        row = transaction.execute(sa.select(webhook_inbox).filter_by(inbox_no=inbox_no, state=DEAD)).one_or_none()
        if row is None:
            raise UsageError(f"there is no dead letter {inbox_no}")
        if row.kind == "unreadable":
            raise UsageError(f"dead letter {inbox_no} could not be read ({row.reason}): the next sweep reads what it was about")
        owner = transaction.execute(
            sa.select(connections.c.business_id).filter_by(rail=row.rail, connection_id=row.connection_id, removed_at=None)
        ).scalar_one_or_none()
        if owner is None:
            raise UsageError(f"{row.rail} connection {row.connection_id} is still unknown, or was removed: onboard it first")
        again = {"state": PENDING, "business_id": owner, "attempts": 0, "reason": None, "settled_at": None, "claim_id": None}
        transaction.execute(sa.update(webhook_inbox).filter_by(inbox_no=inbox_no).values(again))
    return str(owner)


def prune_arrivals(database: Database) -> int:
    """Deletes settled events and requests after 30 days and dead letters after 90; returns how many went."""
    now = wall_clock()
    old_events = sa.or_(
        sa.and_(webhook_inbox.c.state.in_((DONE, IGNORED)), webhook_inbox.c.settled_at < now - KEPT_SETTLED),
        sa.and_(webhook_inbox.c.state == DEAD, webhook_inbox.c.settled_at < now - KEPT_DEAD),
    )
    old_requests = sa.and_(sync_requests.c.state != PENDING, sync_requests.c.settled_at < now - KEPT_SETTLED)
    with database.write() as transaction:
        gone = transaction.execute(sa.delete(webhook_inbox).where(old_events)).rowcount
        return gone + transaction.execute(sa.delete(sync_requests).where(old_requests)).rowcount


def _put(transaction: Transaction, row: dict[str, Any]) -> int:
    return len(transaction.execute(_PUT, {"reason": None, "body": None, **row}).all())


# As text, because SQLAlchemy compiles an insert with a conflict clause anew for each row, which takes longer than the insert.
_COLUMNS = ("rail", "connection_id", "event_id", "business_id", "kind", "entities", "state", "reason", "body", "received_at", "settled_at")
_PUT = sa.text(
    f"insert into webhook_inbox ({', '.join(_COLUMNS)}) values ({', '.join(f':{name}' for name in _COLUMNS)})"
    " on conflict (rail, connection_id, event_id) do nothing returning inbox_no"
).bindparams(*(sa.bindparam(name, type_=webhook_inbox.c[name].type) for name in _COLUMNS))
