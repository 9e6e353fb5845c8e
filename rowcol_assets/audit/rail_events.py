"""Events of the rails: one per row of the change log, with what it changed against the version before it.

An event's id names the change, so a row is logged once however often this is asked. Which rows are looked at is bounded by
the loads not logged yet. What people and the platform itself change is in `differences`.
"""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import pyarrow as pa

from ingestion.promise import EntityPromise, RailPromise
from rowcol_assets.audit.compared import changed_fields
from rowcol_assets.audit.event import COLUMN_TYPES
from rowcol_assets.audit.log import PENDING
from rowcol_assets.audit.tables import LOG, NEW_LOADS, count

EVENTS = "_rail_events"
_CHANGES = pa.schema([pa.field("change_id", pa.string()), pa.field("changes", pa.string())])


def collect(warehouse: duckdb.DuckDBPyConnection, rails: Iterable[RailPromise], *, run_id: str, recorded_at: str) -> None:
    """Leaves the events of NEW_LOADS that are not in the log yet in the temporary table EVENTS. recorded_at: UTC, as DuckDB reads it."""
    columns = ", ".join(f"{name} {COLUMN_TYPES[name]}" for name in PENDING)
    warehouse.execute(f"create or replace temp table {EVENTS} (position bigint, {columns})")
    known = set(warehouse.execute("select schema_name, table_name from duckdb_tables()").fetchall())
    for rail in rails:
        schema = f"raw_{rail.name}"
        for entity in rail.entities:
            if (schema, entity.name) in known:
                _collect_entity(warehouse, rail, entity, run_id, recorded_at)


def _collect_entity(warehouse: duckdb.DuckDBPyConnection, rail: RailPromise, entity: EntityPromise, run_id: str, recorded_at: str) -> None:
    table = f"raw_{rail.name}.{entity.name}"
    prefix = f"{rail.name}/{entity.name}/"
    warehouse.execute(
        f"""
        create or replace temp table _arrived as
        select log.business_id, log.connection_id, log.record_id, log.change_id, log.is_deleted, log.observed_at, log.version_no
        from {table} as log
        semi join {NEW_LOADS} as loads on loads.schema_name = 'raw_{rail.name}' and loads.load_id = log._dlt_load_id
        """
    )
    if not count(warehouse, "_arrived"):
        return  # most tables in most cycles: what follows reads the whole log, which only grows
    # Keys alone are ordered into versions: payloads are a hundred times as large and only some are compared.
    warehouse.execute(
        f"""
        create or replace temp table _fresh as
        with arrived as (
            select arrived.*
            from _arrived as arrived
            anti join {LOG} as logged on logged.event_id = '{prefix}' || arrived.change_id
        ),
        versions as (
            select
                log.business_id,
                log.change_id,
                lag(log.change_id) over chronology as before_id,
                lag(log.is_deleted) over chronology as was_deleted
            from {table} as log
            semi join arrived
                on log.business_id = arrived.business_id
                and log.connection_id = arrived.connection_id
                and log.record_id = arrived.record_id
            window chronology as (
                partition by log.business_id, log.connection_id, log.record_id
                order by log.observed_at, log.version_no, log.change_id
            )
        )
        select arrived.*, versions.before_id, versions.was_deleted
        from arrived
        inner join versions on arrived.business_id = versions.business_id and arrived.change_id = versions.change_id
        """
    )
    warehouse.register("_changes", _changes(warehouse, table))
    offset = count(warehouse, EVENTS)
    warehouse.execute(
        f"""
        insert into {EVENTS} by name
        select
            {offset} + row_number() over (order by fresh.business_id, fresh.observed_at, fresh.record_id, fresh.version_no) as position,
            fresh.business_id,
            '{prefix}' || fresh.change_id as event_id,
            timezone('UTC', coalesce(log.source_updated_at, log.observed_at)) as occurred_at,
            timezone('UTC', log.observed_at) as observed_at,
            '{recorded_at}'::timestamp as recorded_at,
            'rail' as actor_type,
            '{rail.name}' as actor_id,
            '{rail.name}' as rail,
            '{entity.vendor_name}' as endpoint,
            log.sync_id,
            '{run_id}' as run_id,
            log.connection_id as client,
            '{entity.name}' as entity,
            log.record_id,
            case
                when log.is_deleted then 'deleted'
                when fresh.before_id is null then 'created'
                when fresh.was_deleted then 'restored'
                else 'updated'
            end as action,
            changes.changes,
            'the rail served another version (' || log.delivery || ')' as reason,
            '{prefix}' || fresh.before_id as cause_id,
            log.payload as snapshot
        from {table} as log
        inner join _fresh as fresh on log.business_id = fresh.business_id and log.change_id = fresh.change_id
        left join _changes as changes on log.change_id = changes.change_id
        """
    )
    warehouse.unregister("_changes")
    warehouse.execute("drop table _fresh")


def _changes(warehouse: duckdb.DuckDBPyConnection, table: str) -> pa.Table:
    """What each new version changed against the one before it."""
    rows = warehouse.execute(
        f"""
        select fresh.change_id, former.payload, present.payload
        from _fresh as fresh
        inner join {table} as former on fresh.business_id = former.business_id and fresh.before_id = former.change_id
        inner join {table} as present on fresh.business_id = present.business_id and fresh.change_id = present.change_id
        """
    ).to_arrow_reader(2_000)
    found = [
        {"change_id": change_id, "changes": changed_fields(former, present)}
        for batch in rows
        for change_id, former, present in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    ]
    return pa.Table.from_pylist(found, schema=_CHANGES)
