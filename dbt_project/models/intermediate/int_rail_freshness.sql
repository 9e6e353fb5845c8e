{{ config(materialized='table') }}

with connections as (
    select * from {{ ref('stg_control__connections') }}
),

sync_states as (
    select * from {{ ref('stg_control__sync_states') }}
),

entity_heads as (
    select * from {{ ref('int_entity_heads') }}
),

promises as (
    select * from {{ ref('entity_promises') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

aged as (
    select
        connections.business_id,
        connections.connection_id,
        connections.rail,
        promises.entity,
        promises.tier,
        promises.fresh_minutes,
        promises.aging_minutes,
        calendar.is_paused or coalesce(connections.is_paused, false) as is_paused,
        sync_states.last_attempt_at,
        sync_states.last_success_at,
        sync_states.last_full_walk_at,
        sync_states.last_outcome,
        coalesce(sync_states.consecutive_failures, 0) as consecutive_failures,
        sync_states.last_error_kind,
        sync_states.last_error,
        sync_states.source_count,
        coalesce(entity_heads.live_count, 0) as mirror_count,
        coalesce(
            -- The linter takes the lambda's own name for a column.
            len(list_filter(entity_heads.deleted_at, lambda seen_at: seen_at > sync_states.last_full_walk_at)), 0 -- noqa: RF02
        ) as deleted_since_walk,
        entity_heads.newest_change_at,
        entity_heads.newest_observed_at,
        {{ minutes_between('sync_states.last_success_at', 'calendar.run_at') }} as sync_age_minutes,
        {{ minutes_between('entity_heads.newest_change_at', 'calendar.run_at') }} as data_age_minutes,
        {{ minutes_between('sync_states.last_full_walk_at', 'calendar.run_at') }} as full_walk_age_minutes
    from connections
    inner join calendar on connections.business_id = calendar.business_id
    inner join promises on connections.rail = promises.rail
    left join sync_states
        on
            connections.business_id = sync_states.business_id
            and connections.connection_id = sync_states.connection_id
            and connections.rail = sync_states.rail
            and promises.entity = sync_states.entity
    left join entity_heads
        on
            connections.business_id = entity_heads.business_id
            and connections.connection_id = entity_heads.connection_id
            and connections.rail = entity_heads.rail
            and promises.entity = entity_heads.entity
)

select
    aged.*,
    case
        when aged.is_paused then 'disabled'
        when aged.last_success_at is null then 'never_synced'
        when aged.sync_age_minutes <= aged.fresh_minutes then 'fresh'
        when aged.sync_age_minutes <= aged.aging_minutes then 'aging'
        else 'stale'
    end as freshness_state
from aged
