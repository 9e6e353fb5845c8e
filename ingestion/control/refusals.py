"""How many webhooks were refused, and as what: one row per rail, kind and day, however many anybody sends.

Nothing of a delivery is kept. Of the kinds only `stale` can be brought about by nobody but the vendor, or by whoever has a
delivery of the vendor's: its signature fitted. Who counts is the receiver's (`ingestion.receiver.refusals`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.clock import wall_clock
from ingestion.control.arrivals_schema import refused_webhooks, webhook_inbox
from ingestion.control.database import Database, insert
from ingestion.webhooks import RefusalKind

KEPT = timedelta(days=30)


def put_refusals(transaction: Transaction, rail: str, counts: Mapping[RefusalKind, int]) -> None:
    """Adds to what was refused today (UTC), and lets go of days beyond those kept."""
    now = wall_clock()
    for kind, count in sorted(counts.items()):
        row = {"rail": rail, "kind": kind, "day": now.date(), "refused": count, "last_at": now}
        statement = insert(transaction, refused_webhooks).values(row)
        more = {"refused": refused_webhooks.c.refused + count, "last_at": now}
        transaction.execute(statement.on_conflict_do_update(index_elements=list(refused_webhooks.primary_key), set_=more))
    transaction.execute(sa.delete(refused_webhooks).where(refused_webhooks.c.day < now.date() - KEPT))


def refusals_since(database: Database, day: date) -> dict[tuple[str, RefusalKind], int]:
    """How many were refused since `day` began, by rail and kind."""
    table = refused_webhooks.c
    query = sa.select(table.rail, table.kind, sa.func.sum(table.refused)).where(table.day >= day).group_by(table.rail, table.kind)
    with database.read() as transaction:
        return {(rail, kind): int(refused) for rail, kind, refused in transaction.execute(query)}


def heard_since(database: Database, at: datetime) -> frozenset[str]:
    """The rails of which a genuine webhook came after `at`."""
    query = sa.select(webhook_inbox.c.rail).where(webhook_inbox.c.received_at > at).distinct()
    with database.read() as transaction:
        return frozenset(transaction.execute(query).scalars())
