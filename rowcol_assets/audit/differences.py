"""Events of what the platform itself keeps: the difference between its present state and the state the log tells.

A subject is a relation with one row per record (grants, connections, settings, matches, verdicts). What the log says of it
is the last snapshot of each record; whatever differs now is an event. Nothing has to be told about a change, so none can be
forgotten: a crash between a change and its event only delays the event. A column followed only since the former event is no
change: it is told with the next real one. Rows of the rails are in `rail_events`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from rowcol_assets.audit.compared import changed_known_fields
from rowcol_assets.audit.event import COLUMN_TYPES
from rowcol_assets.audit.log import PENDING
from rowcol_assets.audit.tables import LOG, count

EVENTS = "_difference_events"
_CHANGES = pa.schema([pa.field("record_key", pa.string()), pa.field("changes", pa.string())])


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind of record the log follows.

    entity: its name in the log. relation: where its rows are, of which `where` lets some through. record_id: the SQL expression
    of a record's id within its business. columns: what a snapshot holds. occurred_at, actor_type, actor_id, client, reason: SQL
    expressions over a row, instants in UTC; what is not known is null. gone_by, gone_because: of a record that is no more;
    sent_by: SQL expression over what the log tells of such a record (`told`), giving the advisor whose word made it go, or null.
    """

    entity: str
    relation: str
    record_id: str
    columns: tuple[str, ...]
    occurred_at: str = "null"
    actor_type: str = "'operator'"
    actor_id: str = "null"
    client: str = "null"
    reason: str = "null"
    business_id: str = "business_id"
    where: str = "true"
    gone_by: str = "operator"
    gone_because: str = "removed"
    sent_by: str = "null"


def collect(warehouse: duckdb.DuckDBPyConnection, subjects: Iterable[Subject], *, run_id: str, recorded_at: str) -> None:
    """Leaves the events of every subject in the temporary table EVENTS. recorded_at: UTC, as DuckDB reads it."""
    columns = ", ".join(f"{name} {COLUMN_TYPES[name]}" for name in PENDING)
    warehouse.execute(f"create or replace temp table {EVENTS} (position bigint, {columns})")
    for subject in subjects:
        _compare(warehouse, subject, recorded_at)
        warehouse.register("_changes", _changes(warehouse))
        warehouse.execute(
            f"""
            insert into {EVENTS} by name
            select
                {count(warehouse, EVENTS)} + row_number() over (order by found.occurred_at, found.record_id) as position,
                found.business_id,
                '{subject.entity}/' || sha256(concat_ws(
                    chr(10), found.business_id, found.record_id, found.cause_id, found.snapshot, found.action
                )) as event_id,
                found.occurred_at,
                timestamp '{recorded_at}' as observed_at,
                timestamp '{recorded_at}' as recorded_at,
                found.actor_type,
                found.actor_id,
                '{run_id}' as run_id,
                found.client,
                '{subject.entity}' as entity,
                found.record_id,
                found.action,
                changes.changes,
                found.reason,
                found.cause_id,
                found.snapshot
            from _found as found
            left join _changes as changes on found.record_key = changes.record_key
            where changes.changes is distinct from '{{}}'
            """
        )
        warehouse.unregister("_changes")
        warehouse.execute("drop table _found")


def _compare(warehouse: duckdb.DuckDBPyConnection, subject: Subject, recorded_at: str) -> None:
    """Fills `_found` with the records that are not as the log says, and what both say of them."""
    fields = ", ".join(f"{name} := {name}" for name in subject.columns)
    warehouse.execute(
        f"""
        create or replace temp table _found as
        with present as (
            select
                {subject.business_id} as business_id,
                ({subject.record_id})::varchar as record_id,
                to_json(struct_pack({fields}))::varchar as snapshot,
                ({subject.occurred_at})::timestamp as occurred_at,
                ({subject.actor_type})::varchar as actor_type,
                ({subject.actor_id})::varchar as actor_id,
                ({subject.client})::varchar as client,
                ({subject.reason})::varchar as reason
            from {subject.relation}
            where {subject.where}
        ),
        told as (
            select
                business_id,
                record_id,
                arg_max(event_id, seq) as event_id,
                arg_max(action, seq) as action,
                arg_max(snapshot, seq) as snapshot
            from {LOG}
            where entity = '{subject.entity}' and rail is null
            group by business_id, record_id
        ),
        sent as (
            select told.business_id, told.record_id, {subject.sent_by} as sent_by
            from told
            anti join present on told.business_id = present.business_id and told.record_id = present.record_id
            where told.action != 'deleted'
        )
        select
            coalesce(present.business_id, told.business_id) as business_id,
            coalesce(present.record_id, told.record_id) as record_id,
            concat_ws(chr(10), coalesce(present.business_id, told.business_id), coalesce(present.record_id, told.record_id)) as record_key,
            case
                when present.record_id is null then 'deleted'
                when told.record_id is null then 'created'
                when told.action = 'deleted' then 'restored'
                else 'updated'
            end as action,
            coalesce(present.occurred_at, timestamp '{recorded_at}') as occurred_at,
            case
                when present.record_id is not null then coalesce(present.actor_type, 'operator')
                when sent.sent_by is not null then 'advisor'
                else '{subject.gone_by}'
            end as actor_type,
            coalesce(present.actor_id, sent.sent_by) as actor_id,
            present.client,
            case
                when present.record_id is not null then present.reason
                when sent.sent_by is not null then 'rejected by a person'
                else '{subject.gone_because}'
            end as reason,
            told.event_id as cause_id,
            told.snapshot as former,
            coalesce(present.snapshot, told.snapshot) as snapshot
        from present
        full outer join told on present.business_id = told.business_id and present.record_id = told.record_id
        left join sent on told.business_id = sent.business_id and told.record_id = sent.record_id
        where
            (present.record_id is null and told.action != 'deleted')
            or (present.record_id is not null and (told.record_id is null or told.action = 'deleted' or told.snapshot != present.snapshot))
        """
    )


def _changes(warehouse: duckdb.DuckDBPyConnection) -> pa.Table:
    rows = warehouse.execute("select record_key, former, snapshot from _found where action = 'updated'").fetchall()
    return pa.Table.from_pylist([{"record_key": key, "changes": changed_known_fields(old, new)} for key, old, new in rows], schema=_CHANGES)
