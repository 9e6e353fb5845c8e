"""Which loads a run leaves to the next one: large ones that hold nothing of the businesses it is for.

A person's wish, or a webhook, is about few records of one business. A bulk load meanwhile brings hundreds of thousands of others, whose
models and events take minutes under the writer lock; a run for named businesses would have everybody wait for them. What is left
is told in two tables: the loads, which mirrors and transaction log then pass over, and the businesses whose newest data they
hold, which stay at their last good publish (`marts.fct_publish_state`), since their figures are older than what was read of them.
A run for all businesses leaves nothing.
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from ingestion.registry import RAILS
from rowcol_assets.audit.tables import LOGGED_LOADS

DEFERRED_LOADS = "staging.deferred_loads"
WAITING_BUSINESSES = "staging.waiting_businesses"
# A part of a bulk load (`ingestion.part`), or the first load of a large company; what a business changes in a day is far below it.
LARGE_LOAD_ROWS = 20_000


def defer_loads(warehouse: duckdb.DuckDBPyConnection, businesses: Collection[str]) -> None:
    """Tells anew which loads the run now beginning leaves. businesses: those it is for, none for all.

    The caller holds the writer lock; `audit.tables.ensure_tables` has been called.
    """
    warehouse.execute("create schema if not exists staging")
    warehouse.execute(f"create or replace table {DEFERRED_LOADS} (schema_name varchar, load_id varchar)")
    warehouse.execute(f"create or replace table {WAITING_BUSINESSES} (business_id varchar)")
    if not businesses:
        return
    tables: dict[str, list[str]] = {}
    for schema, table in warehouse.execute("select schema_name, table_name from duckdb_tables()").fetchall():
        tables.setdefault(schema, []).append(table)
    for rail in RAILS.values():
        schema = f"raw_{rail.name}"
        entities = [entity.name for entity in rail.entities if entity.name in tables.get(schema, ())]
        if entities and "_dlt_loads" in tables[schema]:
            _defer_of_rail(warehouse, schema, entities, businesses)


def _defer_of_rail(warehouse: duckdb.DuckDBPyConnection, schema: str, entities: Collection[str], businesses: Collection[str]) -> None:
    rows = " union all ".join(f"select _dlt_load_id as load_id, business_id from {schema}.{entity}" for entity in entities)
    warehouse.execute(
        f"""
        create or replace temp table _unread as
        with unread as (
            select loads.load_id
            from {schema}._dlt_loads as loads
            anti join {LOGGED_LOADS} as done on done.schema_name = '{schema}' and done.load_id = loads.load_id
            where loads.status = 0
        )
        select rows.load_id, rows.business_id, count(*) as row_count
        from ({rows}) as rows
        semi join unread on rows.load_id = unread.load_id
        group by rows.load_id, rows.business_id
        """
    )
    warehouse.execute(
        f"""
        insert into {DEFERRED_LOADS}
        select '{schema}', load_id
        from _unread
        group by load_id
        having sum(row_count) >= $large and not bool_or(list_contains($businesses, business_id))
        """,
        {"large": LARGE_LOAD_ROWS, "businesses": sorted(businesses)},
    )
    warehouse.execute(
        f"""
        insert into {WAITING_BUSINESSES}
        select distinct business_id from _unread semi join {DEFERRED_LOADS} as deferred
            on deferred.schema_name = '{schema}' and deferred.load_id = _unread.load_id
        """
    )
    warehouse.execute("drop table _unread")
