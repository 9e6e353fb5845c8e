"""What the pace of polling rests on, read from the control store, and which connections are due at it. The decision: `polling`.

Never waits for the warehouse. Whose business is above its guardrail is the caller's to say, who knows the published figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.budget import cap_of, purse_of
from ingestion.clock import wall_clock
from ingestion.control.arrivals_schema import webhook_inbox
from ingestion.control.claims import DEAD
from ingestion.control.facts import Connection
from ingestion.control.schema import connections, sync_states
from ingestion.control.store import ControlStore
from ingestion.polling import USUAL, USUAL_MINUTES, Pace, Polled, paces
from ingestion.promise import RailPromise

QUIET_AFTER = timedelta(days=1)
# A webhook in the last week shows that they arrive; a change that a poll found first shows that not all do.
HEARD_WITHIN = timedelta(days=7)
MISSED_WITHIN = timedelta(days=1)
# Cycles do not start to the second.
EARLY = timedelta(minutes=5)

# Says which businesses are known to be above their guardrail; asked only when somebody has to stretch.
Safe = Callable[[], frozenset[str]]


def nobody() -> frozenset[str]:
    """Nothing is known of any business, so none stretches."""
    return frozenset()


@dataclass(frozen=True, slots=True)
class Paced:
    """A connection with its pace. read_at: when the last of its critical tables was asked for, None before."""

    connection: Connection
    pace: Pace
    read_at: datetime | None

    def is_due(self, at: datetime) -> bool:
        """Whether a schedule asks it at `at`; at the usual pace each tick does."""
        stretch = timedelta(minutes=self.pace.minutes)
        return self.pace.minutes <= USUAL_MINUTES or self.read_at is None or at - self.read_at >= stretch - EARLY


def paced(store: ControlStore, rail: RailPromise, at: datetime, safe: Safe = nobody) -> list[Paced]:
    """Every connection of `rail` that is not paused, with its pace at `at`."""
    found = store.connections(rail.name)
    with store.database.read() as transaction:
        purse = purse_of(transaction, rail, cap_of(store.settings, rail), at)
        if purse.suffices([USUAL_MINUTES] * len(found)):
            return [Paced(one, USUAL, None) for one in found]
        read = _read_at(transaction, rail)
        known = paces(_polled(transaction, found, rail, at, safe()), purse)
    return [Paced(one, pace, read.get(one.connection_id)) for one, pace in zip(found, known, strict=True)]


def _polled(transaction: Transaction, found: Sequence[Connection], rail: RailPromise, at: datetime, safe: frozenset[str]) -> list[Polled]:
    table, inbox = connections.c, webhook_inbox.c
    query = sa.select(table.connection_id, table.last_change_at, table.last_unannounced_at).where(table.rail == rail.name)
    changes = {row.connection_id: row for row in transaction.execute(query)}
    since = wall_clock() - HEARD_WITHIN
    events = sa.select(inbox.connection_id).where(inbox.rail == rail.name, inbox.state != DEAD, inbox.received_at > since)
    heard = set(transaction.execute(events.distinct()).scalars())
    return [
        Polled(
            is_quiet=_is_past(changes[one.connection_id].last_change_at, at, QUIET_AFTER),
            is_covered=one.connection_id in heard and _is_past(changes[one.connection_id].last_unannounced_at, at, MISSED_WITHIN),
            is_safe=one.business_id in safe,
        )
        for one in found
    ]


def _is_past(instant: datetime | None, at: datetime, span: timedelta) -> bool:
    return instant is None or at - instant >= span


def _read_at(transaction: Transaction, rail: RailPromise) -> dict[str, datetime]:
    """When each connection had last been asked for its critical tables, all of them: those asked for in part only are left out."""
    critical = [promise.name for promise in rail.entities if promise.tier == "critical"]
    states = sync_states.c
    oldest = sa.func.min(states.last_attempt_at, type_=states.last_attempt_at.type)
    query = sa.select(states.connection_id, oldest, sa.func.count(states.last_attempt_at))
    rows = transaction.execute(query.where(states.rail == rail.name, states.entity.in_(critical)).group_by(states.connection_id))
    return {connection_id: read_at for connection_id, read_at, asked in rows if asked == len(critical)}
