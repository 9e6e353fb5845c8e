with inputs as (
    select * from {{ ref('int_runway_inputs') }}
),

cases as (
    select * from {{ ref('int_forecast_cases') }}
    where origin_date = as_of_date and horizon_days % 7 = 0
),

policy as (
    select * from {{ ref('forecast_policy') }}
),

-- What is expected by the end of each week, since today.
by_week as (
    select
        cases.*,
        inputs.cash,
        inputs.currency,
        inputs.cash_source,
        inputs.cash_null_reason,
        inputs.excluded_currencies,
        inputs.rails_used,
        inputs.degraded_rails,
        inputs.max_input_age_minutes,
        inputs.synced_at,
        policy.formula_version,
        {{ money('inputs.cash + cases.p10_change') }} as closing_p10_amount,
        {{ money('inputs.cash + cases.p50_change') }} as closing_p50_amount,
        {{ money('inputs.cash + cases.p90_change') }} as closing_p90_amount,
        cases.horizon_days // 7 as week_number
    from cases
    inner join inputs on cases.business_id = inputs.business_id
    cross join policy
),

-- And in each week alone.
weekly as (
    select
        by_week.*,
        coalesce(lag(by_week.closing_p50_amount) over weeks, case when by_week.week_number = 1 then by_week.cash end) as opening_amount,
        by_week.receipts_amount - lag(by_week.receipts_amount, 1, 0) over weeks as week_receipts_amount,
        by_week.payables_amount - lag(by_week.payables_amount, 1, 0) over weeks as week_payables_amount,
        by_week.payroll_amount - lag(by_week.payroll_amount, 1, 0) over weeks as week_payroll_amount,
        by_week.recurring_amount - lag(by_week.recurring_amount, 1, 0) over weeks as week_recurring_amount,
        by_week.varying_amount - lag(by_week.varying_amount, 1, 0) over weeks as week_varying_amount,
        by_week.transit_amount - lag(by_week.transit_amount, 1, 0) over weeks as week_transit_amount
    from by_week
    window weeks as (partition by by_week.business_id order by by_week.week_number)
)

select
    weekly.business_id,
    weekly.as_of_date,
    cast(weekly.week_number as integer) as week_number,
    weekly.target_date - 6 as week_start_date,
    weekly.target_date as week_end_date,
    weekly.currency,
    {{ money('weekly.opening_amount') }} as opening_amount,
    {{ money('weekly.week_receipts_amount') }} as expected_receipts_amount,
    {{ money('weekly.week_payables_amount') }} as scheduled_payables_amount,
    {{ money('weekly.week_recurring_amount') }} as recurring_outflow_amount,
    {{ money('weekly.week_payroll_amount') }} as payroll_amount,
    {{ money('weekly.week_varying_amount') }} as varying_outflow_amount,
    {{ money('weekly.week_transit_amount') }} as in_transit_amount,
    {{ money(
        'weekly.closing_p50_amount - weekly.opening_amount - weekly.week_receipts_amount + weekly.week_payables_amount'
        ~ ' + weekly.week_recurring_amount + weekly.week_payroll_amount + weekly.week_varying_amount - weekly.week_transit_amount'
    ) }} as undated_net_amount,
    weekly.closing_p10_amount,
    weekly.closing_p50_amount,
    weekly.closing_p90_amount,
    weekly.case_count,
    coalesce(weekly.cash_null_reason, case when weekly.closing_p50_amount is null then 'short_history' end) as null_reason,
    weekly.excluded_currencies,
    weekly.cash_source,
    weekly.formula_version,
    weekly.rails_used,
    weekly.degraded_rails,
    weekly.max_input_age_minutes,
    {{ utc('weekly.synced_at') }} as synced_at
from weekly
