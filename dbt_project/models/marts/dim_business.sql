with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

policy as (
    select * from {{ ref('int_guardrail_policy') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
)

select
    calendar.business_id,
    calendar.business_name,
    calendar.firm_id,
    calendar.firm_name,
    calendar.country,
    calendar.home_currency,
    calendar.home_currency_source,
    calendar.time_zone,
    calendar.time_zone_source,
    coalesce(calendar.is_paused, false) as is_paused,
    policy.policy_version,
    policy.min_cash_amount,
    policy.min_buffer_days,
    calendar.as_of_date,
    {{ utc('calendar.run_at') }} as as_of,
    {{ utc('calendar.onboarded_at') }} as onboarded_at,
    rail_health.connection_ids as source_connection_ids,
    rail_health.rails_used,
    rail_health.degraded_rails,
    rail_health.freshness_state,
    rail_health.max_input_age_minutes,
    {{ utc('rail_health.synced_at') }} as synced_at
from calendar
inner join rail_health on calendar.business_id = rail_health.business_id
left join policy on calendar.business_id = policy.business_id
