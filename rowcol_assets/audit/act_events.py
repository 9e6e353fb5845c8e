"""Events of what was done to the home as a whole: files published, keys made and changed, as the control store noted them.

They are no business's own, so they stand in a chain of their own. An event's id names the act, so an act is logged once; which
acts are looked at is bounded by the loads not logged yet, or they are handed over. What people change of businesses is in
`differences`.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from ingestion.warehouse import has_relation
from rowcol_assets.audit.compared import changed_known_fields
from rowcol_assets.audit.event import COLUMN_TYPES
from rowcol_assets.audit.log import PENDING
from rowcol_assets.audit.tables import LOG, NEW_LOADS

# The chain of the home: no business can have this id (`ingestion.identifiers`).
HOME = ":home"
EVENTS = "_act_events"
_CHANGES = pa.schema([pa.field("act_id", pa.string()), pa.field("changes", pa.string())])


def collect(warehouse: duckdb.DuckDBPyConnection, noted: pa.Table | None, *, run_id: str, recorded_at: str) -> None:
    """Leaves the events that are not in the log yet in the temporary table EVENTS.

    noted: acts read from the control store since it was last loaded. recorded_at: UTC, as DuckDB reads it.
    """
    columns = ", ".join(f"{name} {COLUMN_TYPES[name]}" for name in PENDING)
    warehouse.execute(f"create or replace temp table {EVENTS} (position bigint, {columns})")
    if not has_relation(warehouse, "raw_control.acts"):
        return
    # A table, since DuckDB cannot push every filter of a join down into an Arrow scan.
    warehouse.execute("create or replace temp table _noted as from raw_control.acts limit 0")
    if noted is not None:
        warehouse.register("_told", noted)
        warehouse.execute("insert into _noted by name from _told")
        warehouse.unregister("_told")
    warehouse.execute(
        f"""
        create or replace temp view _acts as
        select acts.*, loads.load_id is not null as is_new
        from raw_control.acts as acts
        left join {NEW_LOADS} as loads on loads.schema_name = 'raw_control' and loads.load_id = acts._dlt_load_id
        union all by name
        select noted.*, true as is_new
        from _noted as noted
        anti join raw_control.acts as acts on noted.act_id = acts.act_id
        """
    )
    # Keys alone are ordered: an act's details are wanted of the few that are new and of those before them.
    warehouse.execute(
        f"""
        create or replace temp table _fresh as
        with ordered as (
            select act_id, is_new, lag(act_id) over (partition by entity, record_id order by act_no) as before_id
            from _acts
        ),
        fresh as (
            select ordered.act_id, ordered.before_id
            from ordered
            anti join {LOG} as logged on logged.event_id = 'acts/' || ordered.act_id
            where ordered.is_new
        )
        select acts.*, fresh.before_id, former.details as former
        from fresh
        inner join _acts as acts on fresh.act_id = acts.act_id
        left join _acts as former on fresh.before_id = former.act_id
        """
    )
    warehouse.register("_changes", _changes(warehouse))
    warehouse.execute(
        f"""
        insert into {EVENTS} by name
        select
            row_number() over (order by fresh.act_no) as position,
            '{HOME}' as business_id,
            'acts/' || fresh.act_id as event_id,
            timezone('UTC', fresh.acted_at) as occurred_at,
            timestamp '{recorded_at}' as observed_at,
            timestamp '{recorded_at}' as recorded_at,
            fresh.actor_type,
            fresh.actor_id,
            '{run_id}' as run_id,
            fresh.client,
            fresh.entity,
            fresh.record_id,
            fresh.action,
            changes.changes,
            fresh.reason,
            'acts/' || fresh.before_id as cause_id,
            fresh.details as snapshot
        from _fresh as fresh
        left join _changes as changes on fresh.act_id = changes.act_id
        """
    )
    warehouse.unregister("_changes")
    for made in ("table _fresh", "view _acts", "table _noted"):
        warehouse.execute(f"drop {made}")


def _changes(warehouse: duckdb.DuckDBPyConnection) -> pa.Table:
    rows = warehouse.execute("select act_id, former, details from _fresh where action = 'updated' and former is not null").fetchall()
    return pa.Table.from_pylist([{"act_id": act, "changes": changed_known_fields(old, new)} for act, old, new in rows], schema=_CHANGES)
