with connections as (
    select * from {{ ref('stg_control__connections') }}
),

outcomes as (
    select * from {{ ref('stg_control__sync_outcomes') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

last_day as (
    select
        outcomes.business_id,
        outcomes.connection_id,
        outcomes.rail,
        count(*) filter (outcomes.status in ('failed', 'partial') and outcomes.delivery != 'live') as failures_24h,
        sum(outcomes.throttled) as throttled_24h
    from outcomes
    inner join calendar on outcomes.business_id = calendar.business_id
    where
        outcomes.started_at > calendar.run_at - interval 24 hours
        and outcomes.started_at <= calendar.run_at
    group by outcomes.business_id, outcomes.connection_id, outcomes.rail
)

select
    connections.business_id,
    connections.rail,
    connections.connection_id,
    connections.state,
    coalesce(connections.consecutive_failures, 0) as consecutive_failures,
    connections.last_error_kind,
    connections.last_error,
    {{ utc('connections.last_attempt_at') }} as last_attempt_at,
    {{ utc('connections.last_success_at') }} as last_success_at,
    {{ utc('connections.token_expires_at') }} as token_expires_at,
    coalesce(connections.token_expires_at <= calendar.run_at + interval 2 hours, false) as is_token_expiring,
    coalesce(connections.is_sandbox, false) as is_sandbox,
    coalesce(last_day.failures_24h, 0) as failures_24h,
    cast(coalesce(last_day.throttled_24h, 0) as bigint) as throttled_24h,
    connections.rail as rails_used,
    {{ utc('connections.last_success_at') }} as synced_at
from connections
inner join calendar on connections.business_id = calendar.business_id
left join last_day
    on
        connections.business_id = last_day.business_id
        and connections.connection_id = last_day.connection_id
        and connections.rail = last_day.rail
