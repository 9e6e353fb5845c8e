"""The control store as the tables of `raw_control`, in Arrow: what the warehouse may know of it, never a secret.

Column names, order and types are a contract with the dbt sources. Loading is in `ingestion.control.mirror`.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection as Transaction

from ingestion.control import arrivals_schema, schema
from ingestion.control.acts import acts
from ingestion.control.columns import Instant, Money
from ingestion.control.consents import token_end
from ingestion.control.store import ControlStore

INSTANT = pa.timestamp("us", tz="UTC")
MONEY = pa.decimal128(18, 2)

# Who changed a row last, from where and when.
CHANGED = ("changed_by", "changed_from", "changed_at")

TABLES: dict[str, tuple[str, ...]] = {
    "businesses": (
        "business_id",
        "business_name",
        "firm_id",
        "firm_name",
        "timezone",
        "home_currency",
        "warning_days",
        "critical_days",
        "healthy_days",
        "min_buffer_days",
        "min_cash_amount",
        "payroll_amount",
        "payroll_next_date",
        "payroll_interval_days",
        "is_paused",
        "onboarded_at",
        *CHANGED,
    ),
    "reserves": ("business_id", "reserve_id", "kind", "amount", "active_from", "active_until", *CHANGED),
    "grants": ("business_id", "advisor_id", "role", "valid_from", "valid_to", *CHANGED),
    "connections": (
        "business_id",
        "connection_id",
        "rail",
        "state",
        "consecutive_failures",
        "last_error_kind",
        "last_error",
        "last_attempt_at",
        "last_success_at",
        "token_expires_at",
        "is_sandbox",
        "is_paused",
        "removed_at",
        "secret_changed_at",
        *CHANGED,
    ),
    "sync_states": (
        "business_id",
        "connection_id",
        "rail",
        "entity",
        "last_attempt_at",
        "last_success_at",
        "last_full_walk_at",
        "source_count",
        "last_outcome",
        "consecutive_failures",
        "last_error_kind",
        "last_error",
        "source_read_at",
    ),
    "sync_outcomes": (
        "outcome_id",
        "business_id",
        "connection_id",
        "rail",
        "sync_id",
        "strategy",
        "delivery",
        "status",
        "started_at",
        "finished_at",
        "rows_new",
        "rows_seen",
        "requests",
        "retries",
        "throttled",
        "error_kind",
        "error",
        "calls",
    ),
    "quarantined_pages": (
        "quarantine_id",
        "business_id",
        "connection_id",
        "rail",
        "entity",
        "sync_id",
        "reason",
        "byte_count",
        "sha256",
        "path",
        "quarantined_at",
        "resolved_at",
    ),
    "decisions": (
        "decision_no",
        "decision_id",
        "business_id",
        "advisor_id",
        "kind",
        "subject",
        "reason",
        "client",
        "decided_at",
        "bulk_id",
    ),
    "published_days": ("advisor_id", "day", "probes", "failed_probes", "observed_seconds", "failed_seconds", "last_probe_at"),
    "acts": ("act_no", "act_id", "entity", "record_id", "action", "details", "actor_type", "actor_id", "client", "reason", "acted_at"),
}

# Append-only tables, which are read from a watermark: the number that counts their rows up, and the id of a row.
APPENDED = {"sync_outcomes": (schema.sync_outcomes.c.outcome_no, "outcome_id"), "acts": (acts.c.act_no, "act_id")}


def control_rows(store: ControlStore) -> dict[str, pa.Table]:
    """Every table of `raw_control` as it stands, read in one transaction; empty tables keep their columns."""
    with store.database.read() as transaction:
        return {name: _table(transaction, name) for name in TABLES}


def current_rows(store: ControlStore) -> dict[str, pa.Table]:
    """The tables that are replaced as a whole: all but those of APPENDED."""
    with store.database.read() as transaction:
        return {name: _table(transaction, name) for name in TABLES if name not in APPENDED}


def appended_rows(store: ControlStore, name: str, after: int) -> tuple[pa.Table, int]:
    """The rows of a table of APPENDED after number `after`, and the highest number there is."""
    numbers, _ = APPENDED[name]
    with store.database.read() as transaction:
        newest = transaction.execute(sa.select(sa.func.max(numbers))).scalar_one() or 0
        return _table(transaction, name, numbers > after), newest


def last_outcomes(store: ControlStore) -> list[dict[str, Any]]:
    """The newest outcome of a sync of each connection, for people: the columns of `sync_outcomes`."""
    outcomes = schema.sync_outcomes
    newest = (
        sa.select(sa.func.max(outcomes.c.outcome_no))
        .where(outcomes.c.delivery != "live")
        .group_by(outcomes.c.business_id, outcomes.c.rail, outcomes.c.connection_id)
    )
    with store.database.read() as transaction:
        return _table(transaction, "sync_outcomes", outcomes.c.outcome_no.in_(newest)).to_pylist()


def table_schema(name: str) -> pa.Schema:
    """The columns of one table of `raw_control`."""
    columns = _query(name).selected_columns
    return pa.schema([pa.field(str(column.key), _arrow_type(column.type), nullable=_nullable(column)) for column in columns])


def _table(transaction: Transaction, name: str, where: sa.ColumnElement[bool] | None = None) -> pa.Table:
    query = _query(name)
    if where is not None:
        query = query.where(where)
    rows = transaction.execute(query).all()
    fields = table_schema(name)
    arrays = [pa.array([row[position] for row in rows], type=field.type) for position, field in enumerate(fields)]
    return pa.Table.from_arrays(arrays, schema=fields)


def _query(name: str) -> sa.Select[Any]:
    table: sa.Table = arrivals_schema.metadata.tables[name]
    computed: dict[str, sa.ColumnElement[Any]] = {}
    source: sa.FromClause = table
    if name == "businesses":
        source = table.outerjoin(schema.firms)
        computed["firm_name"] = sa.type_coerce(schema.firms.c.firm_name, sa.String)
    if name == "connections":
        pauses = schema.rail_pauses
        source = table.outerjoin(schema.tokens).outerjoin(schema.secrets, _same_connection(table, schema.secrets))
        source = source.outerjoin(pauses, pauses.c.rail == table.c.rail)
        computed["secret_changed_at"] = sa.type_coerce(schema.secrets.c.updated_at, Instant)
        computed["token_expires_at"] = sa.type_coerce(token_end(), Instant)
        computed["is_sandbox"] = table.c.sandbox_clock_url.is_not(None)
        # What was removed rests like what is paused, by itself or with its rail: kept, marked and not synced.
        computed["is_paused"] = sa.or_(table.c.is_paused, sa.func.coalesce(pauses.c.is_paused, False), table.c.removed_at.is_not(None))
        is_of_rail = sa.func.coalesce(pauses.c.changed_at > table.c.changed_at, pauses.c.changed_at.is_not(None))
        computed |= {name: sa.case((is_of_rail, pauses.c[name]), else_=table.c[name]) for name in CHANGED}
    columns = [computed[key].label(key) if key in computed else table.c[key] for key in TABLES[name]]
    return sa.select(*columns).select_from(source).order_by(*table.primary_key)


def _same_connection(left: sa.Table, right: sa.Table) -> sa.ColumnElement[bool]:
    return sa.and_(*(left.c[name] == right.c[name] for name in ("business_id", "rail", "connection_id")))


def _nullable(column: sa.ColumnElement[Any]) -> bool:
    """Declared where it is known: dlt warns on every run about a key that an Arrow schema calls nullable."""
    return bool(column.nullable) if isinstance(column, sa.Column) else True


def _arrow_type(kind: sa.types.TypeEngine[Any]) -> pa.DataType:
    if isinstance(kind, Instant):
        return INSTANT
    if isinstance(kind, Money):
        return MONEY
    known: dict[type, pa.DataType] = {sa.Date: pa.date32(), sa.Boolean: pa.bool_(), sa.BigInteger: pa.int64(), sa.Integer: pa.int32()}
    return known.get(type(kind), pa.string())
