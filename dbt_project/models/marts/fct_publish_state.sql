with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

flags as (
    select * from {{ ref('fct_hygiene_flag') }}
),

holds as (
    select * from {{ ref('publish_holds') }}
),

waiting as (
    select * from {{ ref('stg_waiting_businesses') }}
),

reasons as (
    select distinct
        flags.business_id,
        holds.held_reason as reason
    from flags
    inner join holds on flags.check_id = holds.check_id
    where flags.status = 'open'

    union

    select distinct
        flags.business_id,
        'check ' || flags.check_id || ' could not run' as reason
    from flags
    where flags.status = 'error'

    union

    select
        waiting.business_id,
        'more has been read and counts from the next cycle on' as reason
    from waiting
),

held as (
    select
        reasons.business_id,
        string_agg(reasons.reason, '; ' order by reasons.reason) as held_reason
    from reasons
    group by reasons.business_id
)

select
    calendar.business_id,
    case when held.business_id is null then 'current' else 'held' end as publish_state,
    held.held_reason,
    {{ utc('calendar.run_at') }} as as_of,
    rail_health.rails_used,
    rail_health.degraded_rails,
    {{ utc('rail_health.synced_at') }} as synced_at
from calendar
inner join rail_health on calendar.business_id = rail_health.business_id
left join held on calendar.business_id = held.business_id
