with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

policies as (
    select * from {{ ref('int_policy_versions') }}
    where refused_reason is null
)

select
    calendar.business_id,
    arg_max(policies.policy_version, policies.effective_from)
    || case
        when count(calendar.min_buffer_days) = 0 and count(calendar.min_cash_amount) = 0 then ''
        else '+own'
    end as policy_version,
    coalesce(any_value(calendar.min_buffer_days), arg_max(policies.min_buffer_days, policies.effective_from)) as min_buffer_days,
    coalesce(any_value(calendar.min_cash_amount), arg_max(policies.min_cash_amount, policies.effective_from)) as min_cash_amount,
    arg_max(policies.max_cash_age_minutes, policies.effective_from) as max_cash_age_minutes,
    arg_max(policies.payroll_horizon_days, policies.effective_from) as payroll_horizon_days
from calendar
inner join policies on calendar.as_of_date >= policies.effective_from
group by calendar.business_id
