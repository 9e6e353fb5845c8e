"""What a sync came to: the outcome of each connection and entity, and the state it leaves the connection in.

Recorded after the rows are in the warehouse, so that a state never claims what a crash could still take back.
Health is judged from these outcomes alone, never by calls of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.control.database import Database, insert
from ingestion.control.facts import Connection, ConnectionState
from ingestion.control.live_cache import STATE, note_changes
from ingestion.control.schema import connections, quarantined_pages, sync_outcomes, sync_states

Status = Literal["succeeded", "partial", "failed", "skipped"]
DISCONNECTED = "disconnected"
FAILING_AFTER = 3


@dataclass(frozen=True, slots=True)
class EntityOutcome:
    """One entity within one sync. source_count: what the vendor counted, where it was asked.

    source_read_at: when the vendor took what it serves from its own source, where it was learnt.
    """

    entity: str
    status: Status
    rows_new: int = 0
    rows_seen: int = 0
    was_full_walk: bool = False
    source_count: int | None = None
    error_kind: str | None = None
    error: str | None = None
    source_read_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SyncOutcome:
    """One connection within one sync. error_kind 'disconnected' means only a person's consent helps.

    calls: per endpoint how its calls went, as text (`ingestion.traffic`).
    """

    business_id: str
    connection_id: str
    rail: str
    sync_id: str
    strategy: str
    delivery: str
    status: Status
    started_at: datetime
    finished_at: datetime
    rows_new: int = 0
    rows_seen: int = 0
    requests: int = 0
    retries: int = 0
    throttled: int = 0
    error_kind: str | None = None
    error: str | None = None
    calls: str | None = None
    entities: tuple[EntityOutcome, ...] = ()

    @property
    def outcome_id(self) -> str:
        """The same for the same sync of the same connection, so that recording it twice counts once."""
        parts = "\x1f".join((self.sync_id, self.rail, self.business_id, self.connection_id))
        return hashlib.sha256(parts.encode()).hexdigest()[:32]


def record_sync(database: Database, outcomes: Sequence[SyncOutcome]) -> None:
    """Appends the outcomes and moves entity and connection states, all or nothing; an outcome already recorded is left out."""
    with database.write() as transaction:
        known = _known(transaction, outcomes)
        new = [outcome for outcome in outcomes if outcome.outcome_id not in known]
        if not new:
            return
        transaction.execute(sa.insert(sync_outcomes), [_row(outcome) for outcome in new])
        rows = [_entity_row(outcome, entity) for outcome in new for entity in outcome.entities]
        if rows:
            transaction.execute(_upsert_states(transaction), rows)
        waiting = _with_open_pages(transaction)
        for outcome in new:
            _move_connection(transaction, outcome)
            if (outcome.business_id, outcome.rail, outcome.connection_id) in waiting:
                _resolve_pages(transaction, outcome)


def newest_outcome(database: Database) -> int:
    """The number of the newest outcome, 0 before there is one."""
    with database.read() as transaction:
        return transaction.execute(sa.select(sa.func.max(sync_outcomes.c.outcome_no))).scalar() or 0


def last_success(database: Database, connection: Connection, entity: str) -> datetime | None:
    """When an outcome last told of the entity as read; of what landed right before a crash none does."""
    with database.read() as transaction:
        found: datetime | None = transaction.execute(
            sa.select(sync_states.c.last_success_at).filter_by(**connection.key, entity=entity)
        ).scalar()
        return found


def was_synced_since(database: Database, outcome_no: int, connections: Sequence[Connection]) -> bool:
    """Whether an outcome after the one of that number is about one of `connections`."""
    wanted = {(one.business_id, one.rail, one.connection_id) for one in connections}
    table = sync_outcomes.c
    query = sa.select(table.business_id, table.rail, table.connection_id).where(table.outcome_no > outcome_no).distinct()
    with database.read() as transaction:
        return any(tuple(row) in wanted for row in transaction.execute(query))


def synced_since(database: Database, at: datetime, strategy: str) -> set[str]:
    """The businesses of which a sync of `strategy` ended after `at`."""
    table = sync_outcomes.c
    with database.read() as transaction:
        return set(transaction.execute(sa.select(table.business_id).where(table.finished_at > at, table.strategy == strategy)).scalars())


def calls_since(database: Database, at: datetime) -> list[tuple[str, str]]:
    """Of the syncs that ended after `at`: their rail and how their calls went, as text (`ingestion.traffic`)."""
    kept = sa.select(sync_outcomes.c.rail, sync_outcomes.c.calls)
    with database.read() as transaction:
        rows = transaction.execute(kept.where(sync_outcomes.c.finished_at > at, sync_outcomes.c.calls.is_not(None)))
        return [(row.rail, row.calls) for row in rows]


def record_live_reading(transaction: Transaction, outcome: SyncOutcome) -> None:
    """Appends what one live reading came to, so that its calls count.

    It says nothing about how current any table is, and a success says nothing about what else a sync reads; only that a
    consent is dead is as true as in a sync.
    """
    transaction.execute(sa.insert(sync_outcomes), [_row(outcome)])
    if outcome.error_kind == DISCONNECTED:
        _move_connection(transaction, outcome)


def next_state(state: ConnectionState, failures: int, outcome: SyncOutcome) -> tuple[ConnectionState, int]:
    """State and count of consecutive failures after `outcome`.

    A dead token disconnects at once; otherwise one failure degrades, three in a row are failing, and success heals. A
    partial sync reached the vendor, so it breaks a row of failures and leaves the connection degraded.
    """
    if outcome.status == "skipped":
        return state, failures
    if outcome.status == "succeeded":
        return "healthy", 0
    if outcome.error_kind == DISCONNECTED:
        return "disconnected", failures + 1
    if outcome.status == "partial":
        return "degraded", 0
    if state == "disconnected":
        return "disconnected", failures + 1
    return ("failing" if failures + 1 >= FAILING_AFTER else "degraded"), failures + 1


def _known(transaction: Transaction, outcomes: Sequence[SyncOutcome]) -> set[str]:
    syncs = {outcome.sync_id for outcome in outcomes}
    return set(transaction.execute(sa.select(sync_outcomes.c.outcome_id).where(sync_outcomes.c.sync_id.in_(syncs))).scalars())


def _row(outcome: SyncOutcome) -> dict[str, Any]:
    row = {field.name: getattr(outcome, field.name) for field in fields(outcome) if field.name != "entities"}
    return {**row, "outcome_id": outcome.outcome_id}


def _entity_row(outcome: SyncOutcome, entity: EntityOutcome) -> dict[str, Any]:
    finished = outcome.finished_at
    tried, done = entity.status != "skipped", entity.status == "succeeded"
    return {
        "business_id": outcome.business_id,
        "rail": outcome.rail,
        "connection_id": outcome.connection_id,
        "entity": entity.entity,
        "last_attempt_at": finished if tried else None,
        "last_success_at": finished if done else None,
        "last_full_walk_at": finished if done and entity.was_full_walk else None,
        "source_count": entity.source_count,
        "source_read_at": entity.source_read_at,
        "last_outcome": entity.status,
        "consecutive_failures": 1 if entity.status == "failed" else 0,
        "last_error_kind": entity.error_kind,
        "last_error": entity.error,
    }


def _upsert_states(transaction: Transaction) -> Any:
    """What an outcome does not know (no full walk, no count) keeps the value it had. One that was not due keeps all."""
    statement = insert(transaction, sync_states)
    new, old = statement.excluded, sync_states.c
    kept = ("last_attempt_at", "last_success_at", "last_full_walk_at", "source_count", "source_read_at")
    failures = sa.case(
        (new.last_outcome == "failed", old.consecutive_failures + 1),
        (new.last_outcome == "skipped", old.consecutive_failures),
        else_=0,
    )
    changed: dict[str, Any] = {name: sa.func.coalesce(new[name], old[name]) for name in kept}
    # Why it could not be asked is worth knowing; that it was not due is not.
    is_silent = sa.and_(new.last_outcome == "skipped", new.last_error_kind.is_(None))
    told = ("last_outcome", "last_error_kind", "last_error")
    changed |= {name: sa.case((is_silent, old[name]), else_=new[name]) for name in told} | {"consecutive_failures": failures}
    return statement.on_conflict_do_update(index_elements=list(sync_states.primary_key), set_=changed)


def _move_connection(transaction: Transaction, outcome: SyncOutcome) -> None:
    whose = sa.and_(*(connections.c[name] == getattr(outcome, name) for name in ("business_id", "rail", "connection_id")))
    query = sa.select(connections.c.state, connections.c.consecutive_failures).where(whose).with_for_update()
    row = transaction.execute(query).one_or_none()
    if row is None or outcome.status == "skipped":
        return
    state, failures = next_state(row.state, row.consecutive_failures, outcome)
    values: dict[str, Any] = {
        "state": state,
        "consecutive_failures": failures,
        "last_error_kind": outcome.error_kind,
        "last_error": outcome.error,
        "last_attempt_at": outcome.finished_at,
    }
    if outcome.status == "succeeded":
        values["last_success_at"] = outcome.finished_at
    if outcome.rows_new:
        values["last_change_at"] = outcome.finished_at
        # What a schedule finds first, no webhook told of in time.
        values |= {"last_unannounced_at": outcome.finished_at} if outcome.delivery == "schedule" else {}
    transaction.execute(sa.update(connections).where(whose).values(values))
    if state != row.state:
        note_changes(transaction, [(outcome.business_id, outcome.rail, STATE)])


def _with_open_pages(transaction: Transaction) -> set[tuple[str, str, str]]:
    """The connections with pages kept aside that nothing has settled: few or none, where there are hundreds of outcomes."""
    pages = quarantined_pages.c
    query = sa.select(pages.business_id, pages.rail, pages.connection_id).where(pages.resolved_at.is_(None)).distinct()
    return set(transaction.execute(query).tuples().all())


def _resolve_pages(transaction: Transaction, outcome: SyncOutcome) -> None:
    """Marks pages kept aside as resolved once what they held was read again; their bytes stay.

    An entity's page is resolved by the entity's next success; a page of no single entity (the change feed's) when no
    entity of the connection is behind. A page left open keeps the business's decisions waiting (H40).
    """
    key = {"business_id": outcome.business_id, "rail": outcome.rail, "connection_id": outcome.connection_id}
    states = dict(transaction.execute(sa.select(sync_states.c.entity, sync_states.c.last_outcome).filter_by(**key)).tuples().all())
    read = [entity.entity for entity in outcome.entities if entity.status == "succeeded"]
    whole = sa.false() if {"failed", "partial"} & set(states.values()) else quarantined_pages.c.entity.not_in(list(states))
    statement = sa.update(quarantined_pages).filter_by(**key, resolved_at=None)
    transaction.execute(statement.where(sa.or_(quarantined_pages.c.entity.in_(read), whole)).values(resolved_at=outcome.finished_at))
