"""Whom a question concerns: the connections of a business that can answer it, who speaks where several could, what is stored of each.

A connection that was removed has no say any more. In one transaction of three queries: a cached answer costs little more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ingestion.control.facts import Connection
from ingestion.control.live_cache import CONNECTIONS, Cached, Numbers, cached_answers, change_numbers
from ingestion.control.pauses import IS_PAUSED
from ingestion.control.schema import businesses, connections
from ingestion.control.store import ControlStore
from ingestion.errors import UsageError
from ingestion.live.facts import LiveFailure, Question
from ingestion.live.reading import Part
from ingestion.registry import RAILS


@dataclass(frozen=True)
class Plan:
    """choices: lists of parts of which the first is asked, and the next only where the one before has nothing at all.

    stored: what each connection last answered, valid or not; numbers: what to judge that by.
    """

    choices: list[list[list[Part]]]
    stored: Mapping[tuple[str, str], Cached]
    numbers: Numbers

    @property
    def connections_no(self) -> int:
        """The number of who-is-connected that this rests on."""
        return self.numbers.get(CONNECTIONS, 0)


def plan(store: ControlStore, question: Question) -> Plan:
    """Who is asked. UsageError for a business that does not exist, LiveFailure when none of its rails can answer."""
    with store.database.read() as transaction:
        rows = transaction.execute(_WHO, {"business_id": question.business_id}).mappings().all()
        stored = cached_answers(transaction, question.business_id, question.subject, question.record_id)
        numbers = change_numbers(transaction, question.business_id)
    if not rows:
        raise UsageError(f"there is no business {question.business_id!r}: onboard it first")
    parts = [part for row in rows if (part := _part(row, question))]
    if not parts:
        able = [rail.title for rail in RAILS.values() if rail.live_promise(question.subject)]
        raise LiveFailure(
            "not_connected", f"no rail that {question.business_id} is connected to can tell its {question.subject}: {', '.join(able)} could"
        )
    groups: dict[str, dict[str, list[Part]]] = {}
    for part in sorted(parts, key=lambda one: one.promise.precedence):
        group = part.promise.stands_for or part.rail.name
        groups.setdefault(group, {}).setdefault(part.rail.name, []).append(part)
    return Plan([list(rails.values()) for rails in groups.values()], stored, numbers)


def _part(row: Mapping[Any, Any], question: Question) -> Part | None:
    """None for a business without connections, and for a rail that cannot tell."""
    rail = RAILS.get(row["rail"])
    promise = rail.live_promise(question.subject) if rail else None
    if rail is None or promise is None:
        return None
    connection = Connection(
        business_id=question.business_id,
        connection_id=row["connection_id"],
        rail=row["rail"],
        base_url=row["base_url"],
        auth_url=row["auth_url"],
        state=row["state"],
        is_sandbox=row["sandbox_clock_url"] is not None,
        timezone=row["timezone"],
    )
    return Part(rail, promise, connection, bool(row["may_not_be_asked"]))


# Made once: building a statement takes longer than running it.
_WHO = (
    sa.select(connections, businesses.c.timezone, IS_PAUSED.label("may_not_be_asked"))
    .select_from(
        businesses.outerjoin(
            connections, sa.and_(connections.c.business_id == businesses.c.business_id, connections.c.removed_at.is_(None))
        )
    )
    .where(businesses.c.business_id == sa.bindparam("business_id"))
    .order_by(connections.c.rail, connections.c.connection_id)
)
