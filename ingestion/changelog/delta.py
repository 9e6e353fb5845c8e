"""Finds, in what a fetch received, the versions that the change log does not have yet.

One SQL statement per entity over the spool and the raw table itself, for the fetched keys only and without payloads:
those are nine tenths of the bytes and say nothing here; `segments` puts them back. The caller holds the writer lock
and the leases of the connections fetched, so the heads cannot move before the result is loaded.

The rules, for a rail that stamps its versions (`versioned`):
* a version is (record, source_version, content_hash); one that is known adds nothing, however often it is served;
* a late older version is kept and changes no head;
* content that returns to an earlier state under an unchanged stamp is a further version: the stamp failed to tell
  the two apart, the order of arrival does. Of arrivals in one fetch the last counts, since pages drift; so the same
  fetch again adds nothing.
For a rail without stamps each change of content against the head is a version, numbered; the head is what came last.

What lands later than something observed after it (a live reading, see `ingestion.live.handover`) is compared with its
neighbours in the order of observation instead of with the head: equal to one of them it adds nothing, else it is a
version between them. So landing the same arrival twice adds nothing either.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from ingestion.changelog.spool import BATCH_ROWS
from ingestion.warehouse import has_relation

_DELTA = """
with spooled as (
    select
        business_id, connection_id, record_id, source_updated_at, is_deleted, content_hash, observed_at, delivery, ordinal,
        case when {versioned} then strftime(source_updated_at, '%Y-%m-%dT%H:%M:%S.%fZ') end as source_version,
    from read_parquet($spool)
),
identified as (
    select
        *,
        sha256(concat_ws(chr(31), business_id, connection_id, record_id, coalesce(source_version, ''), content_hash)) as base_id,
    from spooled
),
known as (
    select raw.business_id, raw.connection_id, raw.record_id, raw.change_id, raw.version_no, raw.source_version, raw.content_hash,
        raw.source_updated_at, raw.observed_at,
    from {known_relation} as raw
    semi join spooled using (business_id, connection_id, record_id)
),
-- Only these have something to be compared with. A record that came once and is not known is a first version by any of the
-- rules: nearly all of a first load, which so passes through no window.
comparable as (
    select business_id, connection_id, record_id from known
    union
    select business_id, connection_id, record_id from spooled group by all having count(*) > 1
),
distinct_arrivals as (
    select *
    from identified
    semi join comparable using (business_id, connection_id, record_id)
    qualify row_number() over (partition by base_id order by ordinal desc) = 1
),
heads as (
    select
        business_id, connection_id, record_id,
        max(version_no) as last_version_no,
        max_by(source_version, {version_order}) as source_version,
        max_by(content_hash, {version_order}) as content_hash,
        max(observed_at) as observed_at,
    from known
    group by business_id, connection_id, record_id
),
late as (
    select
        arrived.ordinal,
        max_by(known.content_hash, (known.observed_at, known.version_no))
            filter (known.observed_at <= arrived.observed_at) as hash_before,
        min_by(known.content_hash, (known.observed_at, known.version_no))
            filter (known.observed_at > arrived.observed_at) as hash_after,
    from distinct_arrivals as arrived
    inner join heads using (business_id, connection_id, record_id)
    inner join known using (business_id, connection_id, record_id)
    where arrived.observed_at < heads.observed_at
    group by arrived.ordinal
),
compared as (
    select
        arrived.*,
        coalesce(heads.last_version_no, 0) as last_version_no,
        known.change_id is not null as is_known,
        late.ordinal is not null as is_late,
        case
            when late.ordinal is null then heads.content_hash is distinct from arrived.content_hash
            else arrived.content_hash is distinct from late.hash_before and arrived.content_hash is distinct from late.hash_after
        end as differs_from_head,
        heads.source_version is not distinct from arrived.source_version as is_version_of_head,
        row_number() over versions_of_record = 1 as is_last_of_version,
        bool_or(known.change_id is null) over (
            partition by arrived.business_id, arrived.connection_id, arrived.record_id, arrived.source_version
        ) as brings_unknown,
    from distinct_arrivals as arrived
    left join heads using (business_id, connection_id, record_id)
    left join known on arrived.base_id = known.change_id
    left join late on arrived.ordinal = late.ordinal
    window versions_of_record as (
        partition by arrived.business_id, arrived.connection_id, arrived.record_id, arrived.source_version
        order by arrived.ordinal desc
    )
),
numbered as (
    select
        *,
        last_version_no + row_number() over (
            partition by business_id, connection_id, record_id order by source_updated_at nulls last, ordinal
        ) as version_no,
    from compared
    where case
        when not {versioned} then is_last_of_version and differs_from_head
        when not is_known then true
        -- back to an earlier state under an unchanged stamp; `brings_unknown`: the other state came in this very fetch
        else not is_late and is_last_of_version and is_version_of_head and (differs_from_head or brings_unknown)
    end
),
found as (
    from numbered
    union all by name
    select *, 1 as version_no, false as is_known
    from identified
    anti join comparable using (business_id, connection_id, record_id)
)
select
    business_id,
    connection_id,
    record_id,
    case when is_known or not {versioned} then sha256(concat_ws(chr(31), base_id, version_no)) else base_id end as change_id,
    version_no::bigint as version_no,
    source_version,
    source_updated_at,
    is_deleted,
    content_hash,
    observed_at,
    delivery,
    $sync_id as sync_id,
    $load_id as _dlt_load_id,
    ordinal,
from found
order by ordinal
"""

_NO_HISTORY = """(
    select null::varchar as business_id, null::varchar as connection_id, null::varchar as record_id, null::varchar as change_id,
        null::bigint as version_no, null::varchar as source_version, null::varchar as content_hash,
        null::timestamptz as source_updated_at, null::timestamptz as observed_at,
    where false
)"""


def version_order(versioned: bool) -> str:
    """The SQL row by which the versions of one record are ordered, newest last.

    A rail that does not stamp versions may still say when a record came to be, which a later deletion does not: only the
    order of arrival compares the two.
    """
    return "(source_updated_at, observed_at, version_no)" if versioned else "(observed_at, version_no)"


def new_versions(
    warehouse: duckdb.DuckDBPyConnection, *, rail: str, entity: str, versioned: bool, spool: Path, sync_id: str, load_id: str
) -> pa.RecordBatchReader:
    """The new versions in `spool` in order of arrival: the columns of a change without its payload, and `ordinal`.

    The reader is bound to the connection: nothing else may run on it before the reader is exhausted.
    """
    statement = _DELTA.format(
        versioned=str(versioned).lower(),
        version_order=version_order(versioned),
        known_relation=known if has_relation(warehouse, known := f"raw_{rail}.{entity}") else _NO_HISTORY,
    )
    found = warehouse.execute(statement, {"spool": str(spool), "sync_id": sync_id, "load_id": load_id})
    return found.to_arrow_reader(BATCH_ROWS)
