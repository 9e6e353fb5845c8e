with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

floors as (
    select * from {{ ref('int_guardrail_floors') }}
)

select
    floors.business_id,
    floors.policy_version,
    floors.min_buffer_days,
    floors.min_cash_amount,
    floors.max_cash_age_minutes,
    floors.payroll_horizon_days
from floors
inner join calendar
    on
        floors.business_id = calendar.business_id
        and floors.valid_from <= calendar.as_of_date
        and coalesce(calendar.as_of_date < floors.valid_until, true)
