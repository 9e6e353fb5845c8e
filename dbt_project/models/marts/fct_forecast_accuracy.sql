with cases as (
    select * from {{ ref('int_forecast_cases') }}
    where horizon_days in (7, 14, 30)
),

inputs as (
    select * from {{ ref('int_runway_inputs') }}
),

policy as (
    select * from {{ ref('forecast_policy') }}
),

-- Past forecasts whose day has come and that had a band.
judged as (
    select
        cases.business_id,
        cases.horizon_days,
        cases.origin_date,
        cases.actual_change,
        cases.p50_change,
        cases.actual_change between cases.p10_change and cases.p90_change as is_held,
        {{ pinball_loss('cases.actual_change', 'cases.p10_change', 'cases.p50_change', 'cases.p90_change') }} as loss,
        {{ pinball_loss('cases.actual_change', 'cases.naive_p10_change', 'cases.naive_p50_change', 'cases.naive_p90_change') }} as naive_loss
    from cases
    where cases.actual_change is not null and cases.p50_change is not null
),

measured as (
    select
        judged.business_id,
        judged.horizon_days,
        count(*) as case_count,
        min(judged.origin_date) as first_origin_date,
        max(judged.origin_date) as last_origin_date,
        avg(abs(judged.actual_change - judged.p50_change)) as mean_absolute_error,
        avg(judged.loss) / 3 as mean_loss,
        avg(judged.naive_loss) / 3 as mean_naive_loss,
        count(*) filter (judged.is_held) as held_count
    from judged
    group by judged.business_id, judged.horizon_days
),

horizons as (
    select cast(unnest([7, 14, 30]) as integer) as horizon_days
)

select
    inputs.business_id,
    horizons.horizon_days,
    inputs.as_of_date,
    inputs.currency,
    coalesce(measured.case_count, 0) as case_count,
    measured.first_origin_date,
    measured.last_origin_date,
    {{ money('measured.mean_absolute_error') }} as mean_absolute_error,
    {{ money('measured.mean_loss') }} as pinball_loss,
    {{ money('measured.mean_naive_loss') }} as naive_pinball_loss,
    try_cast(measured.mean_loss / nullif(measured.mean_naive_loss, 0) as decimal(18, 3)) as pinball_ratio,
    try_cast(measured.held_count / measured.case_count as decimal(5, 3)) as coverage,
    case when measured.case_count is null then 'short_history' end as null_reason,
    policy.formula_version,
    inputs.rails_used,
    inputs.degraded_rails,
    {{ utc('inputs.synced_at') }} as synced_at
from inputs
cross join horizons
cross join policy
left join measured
    on
        inputs.business_id = measured.business_id
        and horizons.horizon_days = measured.horizon_days
