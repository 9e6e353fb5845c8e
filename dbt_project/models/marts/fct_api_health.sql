{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['business_id', 'rail', 'endpoint', 'call_date'],
    on_schema_change='append_new_columns',
    post_hook=['{{ forget_departed_businesses() }}', '{{ forget_older_calls() }}'],
) }}

with outcomes as (
    select * from {{ ref('stg_control__sync_outcomes') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

-- Only days that are over: of one under way each sync would change the figures, and every file would be published anew.
-- The newest two days are computed again, since a sync can end before midnight and be recorded after it.
syncs as (
    select
        outcomes.business_id,
        outcomes.rail,
        outcomes.finished_at,
        {{ day_of_call('outcomes.finished_at') }} as call_date,
        {{ calls_by_endpoint('outcomes.calls') }} as calls_by_endpoint
    from outcomes
    inner join calendar on outcomes.business_id = calendar.business_id
    where
        outcomes.calls is not null
        and {{ day_of_call('outcomes.finished_at') }} < {{ day_of_call('calendar.run_at') }}
        and {{ day_of_call('outcomes.finished_at') }} >= {{ day_of_call('calendar.run_at') }} - {{ days_of_calls_kept() }}
        {% if is_incremental() -%}
        and {{ day_of_call('outcomes.finished_at') }} >= (select coalesce(max(known.call_date), date '1970-01-01') - 1 from {{ this }} as known)
        {%- endif %}
),

endpoints as (
    select
        syncs.business_id,
        syncs.rail,
        syncs.call_date,
        syncs.finished_at,
        unnest(map_entries(syncs.calls_by_endpoint)) as entry
    from syncs
),

counted as (
    select
        endpoints.business_id,
        endpoints.rail,
        endpoints.entry.key as endpoint,
        endpoints.call_date,
        sum(endpoints.entry.value.calls) as calls,
        sum(endpoints.entry.value.errors) as errors,
        sum(endpoints.entry.value.throttled) as throttled,
        max(endpoints.finished_at) as last_called_at
    from endpoints
    group by endpoints.business_id, endpoints.rail, endpoints.entry.key, endpoints.call_date
),

buckets as (
    select
        endpoints.business_id,
        endpoints.rail,
        endpoints.entry.key as endpoint,
        endpoints.call_date,
        unnest(map_entries(endpoints.entry.value.latency)) as latency
    from endpoints
),

summed as (
    select
        buckets.business_id,
        buckets.rail,
        buckets.endpoint,
        buckets.call_date,
        cast(buckets.latency.key as integer) as bucket,
        sum(buckets.latency.value) as calls
    from buckets
    group by buckets.business_id, buckets.rail, buckets.endpoint, buckets.call_date, cast(buckets.latency.key as integer)
),

cumulated as (
    select
        summed.*,
        sum(summed.calls) over (
            partition by summed.business_id, summed.rail, summed.endpoint, summed.call_date
            order by summed.bucket
            rows between unbounded preceding and current row
        ) as calls_up_to,
        sum(summed.calls) over (
            partition by summed.business_id, summed.rail, summed.endpoint, summed.call_date
        ) as all_calls
    from summed
),

percentiles as (
    select
        cumulated.business_id,
        cumulated.rail,
        cumulated.endpoint,
        cumulated.call_date,
        min(cumulated.bucket) filter (2 * cumulated.calls_up_to >= cumulated.all_calls) as median_bucket,
        min(cumulated.bucket) filter (20 * cumulated.calls_up_to >= 19 * cumulated.all_calls) as slow_bucket
    from cumulated
    group by cumulated.business_id, cumulated.rail, cumulated.endpoint, cumulated.call_date
)

select
    counted.business_id,
    counted.rail,
    counted.endpoint,
    counted.call_date,
    cast(counted.calls as bigint) as calls,
    cast(counted.errors as bigint) as errors,
    cast(counted.throttled as bigint) as throttled,
    cast(counted.errors / nullif(counted.calls, 0) as decimal(5, 4)) as error_rate,
    cast(counted.throttled / nullif(counted.calls, 0) as decimal(5, 4)) as throttle_rate,
    {{ milliseconds_of('percentiles.median_bucket') }} as latency_p50_ms,
    {{ milliseconds_of('percentiles.slow_bucket') }} as latency_p95_ms,
    counted.rail as rails_used,
    {{ utc('counted.last_called_at') }} as synced_at
from counted
left join percentiles
    on
        counted.business_id = percentiles.business_id
        and counted.rail = percentiles.rail
        and counted.endpoint = percentiles.endpoint
        and counted.call_date = percentiles.call_date
