with businesses as (
    select * from {{ ref('dim_business') }}
),

runway as (
    select * from {{ ref('fct_runway_daily') }}
),

scores as (
    select * from {{ ref('fct_hygiene_score') }}
),

publish_states as (
    select * from {{ ref('fct_publish_state') }}
)

select
    businesses.business_id,
    businesses.business_name,
    businesses.firm_id,
    businesses.firm_name,
    runway.currency,
    runway.cash,
    runway.cash_source,
    runway.runway_days,
    runway.runway_days_low,
    runway.runway_days_high,
    runway.buffer_days,
    runway.covered_until,
    runway.runway_status,
    runway.null_reason,
    runway.confidence,
    runway.overdue_ap_amount,
    runway.overdue_ar_amount,
    scores.hygiene_score,
    scores.hygiene_grade,
    businesses.freshness_state,
    businesses.rails_used,
    businesses.degraded_rails,
    businesses.max_input_age_minutes,
    publish_states.publish_state,
    publish_states.held_reason,
    businesses.as_of_date,
    businesses.as_of,
    -- The time of the cycle whose figures these are; a held business keeps the time of its last good one.
    businesses.as_of as published_at,
    businesses.synced_at
from businesses
inner join publish_states on businesses.business_id = publish_states.business_id
left join runway
    on
        businesses.business_id = runway.business_id
        and businesses.as_of_date = runway.as_of_date
left join scores on businesses.business_id = scores.business_id
