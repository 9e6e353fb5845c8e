"""The tables of `raw_control` as they stood at an instant, for a replay: what happened later is taken for not having happened.

The control store keeps only how a business is set now. A row that nobody has changed since the instant stood like that then; of
any other the log's last snapshot until then tells, and what the log knew nothing of was not there. Rows that were only ever added
are bounded by their own time. The rails' records are bounded by the models; building the replay is `replay`.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa

from ingestion.clock import utc_text
from ingestion.control.rows import control_rows, table_schema
from ingestion.control.store import ControlStore
from rowcol_assets.audit.differences import Subject
from rowcol_assets.audit.files import event_files
from rowcol_assets.audit.subjects import CONTROL

# Rows that are added and never changed but by an instant that ends them, by when they were added; a day's availability, by its
# last probe, since it grows until the day is over.
ADDED_AT = {
    "sync_outcomes": "finished_at",
    "quarantined_pages": "quarantined_at",
    "decisions": "decided_at",
    "acts": "acted_at",
    "grants": "valid_from",
    "published_days": "last_probe_at",
}
# Rows that are changed in place, and followed by the log.
FOLLOWED = {subject.entity: subject for subject in CONTROL if subject.entity in ("businesses", "reserves", "connections")}


def fill_control(
    warehouse: duckdb.DuckDBPyConnection, store: ControlStore, audit_dir: Path, known_at: datetime | None, load_id: str
) -> None:
    """Makes the schema `raw_control` and fills it as of `known_at`, or as it stands now."""
    warehouse.execute("create schema raw_control")
    _past_snapshots(warehouse, audit_dir, known_at)
    for name, table in control_rows(store).items():
        warehouse.register("current_rows", table)
        rows = f"({_rows(name, known_at)})" if known_at else "current_rows"
        warehouse.execute(f"create table raw_control.{name} as select *, '{load_id}' as _dlt_load_id from {rows}")
        warehouse.unregister("current_rows")
    if known_at:
        _fill_past_syncs(warehouse)


def _rows(name: str, known_at: datetime) -> str:
    """SELECT of the rows of `current_rows` as of an instant, in their columns; what ended a row later has not."""
    bound = f"timestamptz '{utc_text(known_at)}'"
    columns = [
        f"case when {field.name} <= {bound} then {field.name} end as {field.name}" if pa.types.is_timestamp(field.type) else field.name
        for field in table_schema(name)
    ]
    if name in FOLLOWED:
        return f"select {', '.join(columns)} from ({_as_logged(FOLLOWED[name], bound)})"
    where = f"where {ADDED_AT[name]} <= {bound}" if name in ADDED_AT else ""
    return f"select {', '.join(columns)} from current_rows {where}"


def _as_logged(subject: Subject, bound: str) -> str:
    """SELECT of the rows of a followed table: as they are where nobody changed them since, else as the log has them."""
    told = []
    for field in table_schema(subject.entity):
        if field.name == "business_id":
            told.append("past.business_id")
        elif field.name in subject.columns:
            text = f"past.snapshot ->> '$.{field.name}'"
            instant = pa.types.is_timestamp(field.type)
            told.append(f"timezone('UTC', ({text})::timestamp)" if instant else f"({text})::{_SQL_TYPES.get(field.type, 'varchar')}")
        else:
            # What no snapshot tells is no setting: a name of the firm, when it was onboarded, how its syncs go.
            told.append(f"now.{field.name}")
    changed_at = "coalesce(changed_at, onboarded_at)" if subject.entity == "businesses" else "changed_at"
    return f"""
        with now as (select *, {subject.record_id} as record_key, coalesce({changed_at} <= {bound}, true) as stood from current_rows)
        select * exclude (record_key, stood) from now where stood
        union all
        select {", ".join(told)}
        from past_snapshots as past
        left join now on past.business_id = now.business_id and past.record_id = now.record_key
        where past.entity = '{subject.entity}' and not coalesce(now.stood, false)
    """


_SQL_TYPES = {
    pa.decimal128(18, 2): "decimal(18, 2)",
    pa.int32(): "integer",
    pa.int64(): "bigint",
    pa.bool_(): "boolean",
    pa.date32(): "date",
}


def _past_snapshots(warehouse: duckdb.DuckDBPyConnection, audit_dir: Path, known_at: datetime | None) -> None:
    """Leaves in `past_snapshots` the log's last word until `known_at` on each followed record that was there then.

    A change counts from when it was made, not from the run that told of it.
    """
    warehouse.execute(
        "create or replace temp table past_snapshots (business_id varchar, entity varchar, record_id varchar, snapshot varchar)"
    )
    files = [str(file.path) for file in event_files(audit_dir) if file.is_sealed]
    if not files or known_at is None:
        return
    warehouse.execute(
        """insert into past_snapshots
        select business_id, entity, record_id, snapshot
        from (
            select *
            from read_parquet($files)
            where
                list_contains($entities::varchar[], entity) and rail is null
                and least(occurred_at, recorded_at) <= timezone('UTC', $known_at::timestamptz)
            qualify row_number() over (partition by business_id, entity, record_id order by seq desc) = 1
        )
        where action != 'deleted'""",
        {"files": files, "entities": list(FOLLOWED), "known_at": known_at},
    )


def _fill_past_syncs(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Tells how connections and entities stood, from the outcomes of syncs until then, where the store only knows later ones.

    An outcome speaks for all entities of its connection; the store keeps no history per entity. What the vendor counted
    later is left out, since it says nothing about the records known then.
    """
    past = """
        select
            business_id, connection_id, rail,
            max(finished_at) as attempted_at,
            max(finished_at) filter (status = 'succeeded') as succeeded_at,
            arg_max(status, finished_at) as status,
            arg_max(error_kind, finished_at) as error_kind,
            arg_max(error, finished_at) as error
        from raw_control.sync_outcomes
        where delivery != 'live'
        group by business_id, connection_id, rail
    """
    warehouse.execute(
        """delete from raw_control.sync_states as states
        where not exists (
            select 1
            from raw_control.connections as connections
            where (states.business_id, states.rail, states.connection_id)
                = (connections.business_id, connections.rail, connections.connection_id)
        )"""
    )
    for table, more in (
        ("sync_states", "last_outcome = past.status, source_count = null,"),
        ("connections", "state = case past.status when 'succeeded' then 'healthy' else 'degraded' end,"),
    ):
        warehouse.execute(
            f"""update raw_control.{table} as now set {more}
                last_attempt_at = past.attempted_at,
                last_success_at = coalesce(now.last_success_at, past.succeeded_at),
                consecutive_failures = (past.status = 'failed')::bigint,
                last_error_kind = past.error_kind,
                last_error = past.error
            from ({past}) as past
            where now.business_id = past.business_id and now.connection_id = past.connection_id and now.rail = past.rail
                and now.last_attempt_at is null"""
        )
