{{ config(materialized='table') }}

-- What was removed counts no more where its rail has another connection, and marks the rail where it has none.
with connections as (
    select * from {{ ref('stg_control__connections') }}
    qualify
        is_removed is not true
        or not bool_or(is_removed is not true) over (partition by business_id, rail)
),

freshness as (
    select freshness.*
    from {{ ref('int_rail_freshness') }} as freshness
    inner join connections
        on
            freshness.business_id = connections.business_id
            and freshness.connection_id = connections.connection_id
            and freshness.rail = connections.rail
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

-- What a figure may rest on: critical entities only. A rail is as old as its oldest critical entity. What is paused shows at
-- its business only where nothing worse does: a stale ledger must not hide behind a paused rail.
rail_ages as (
    select
        freshness.business_id,
        freshness.rail,
        max(freshness.sync_age_minutes) as max_age_minutes,
        max(case freshness.freshness_state
            when 'fresh' then 1
            when 'aging' then 2
            when 'disabled' then 3
            when 'stale' then 4
            else 5
        end) as worst_state,
        max(freshness.newest_observed_at) as newest_observed_at
    from freshness
    where freshness.tier = 'critical'
    group by freshness.business_id, freshness.rail
),

rail_states as (
    select
        connections.business_id,
        connections.rail,
        string_agg(connections.connection_id, ',' order by connections.connection_id) as connection_ids,
        bool_or(connections.state != 'healthy') as is_unhealthy
    from connections
    group by connections.business_id, connections.rail
),

combined as (
    select
        calendar.business_id,
        string_agg(rail_states.rail, ',' order by rail_states.rail) as rails_used,
        string_agg(rail_states.connection_ids, ',' order by rail_states.rail) as connection_ids,
        string_agg(rail_states.rail, ',' order by rail_states.rail)
        filter (rail_states.is_unhealthy or rail_ages.worst_state >= 3 or rail_ages.rail is null) as degraded_rails,
        max(rail_ages.max_age_minutes) as max_input_age_minutes,
        max(rail_ages.worst_state) as worst_state,
        max(rail_ages.newest_observed_at) as synced_at
    from calendar
    left join rail_states on calendar.business_id = rail_states.business_id
    left join rail_ages
        on
            rail_states.business_id = rail_ages.business_id
            and rail_states.rail = rail_ages.rail
    group by calendar.business_id
)

select
    combined.business_id,
    coalesce(combined.rails_used, '') as rails_used,
    coalesce(combined.degraded_rails, '') as degraded_rails,
    coalesce(combined.connection_ids, '') as connection_ids,
    combined.max_input_age_minutes,
    case combined.worst_state
        when 1 then 'fresh'
        when 2 then 'aging'
        when 3 then 'disabled'
        when 4 then 'stale'
        else 'never_synced'
    end as freshness_state,
    combined.synced_at
from combined
