{{ config(materialized='table') }}

with origins as (
    {{ forecast_origins() }}
),

stock as (
    select * from {{ ref('int_forecast_stock') }}
),

flows as (
    select * from {{ ref('int_forecast_flows') }}
),

policy as (
    select * from {{ ref('forecast_policy') }}
),

shares as (
    select * from {{ ref('forecast_shares') }}
),

errors as (
    select * from {{ ref('forecast_errors') }}
),

-- Thirteen weeks, and thirty days for the back-test.
horizons as (
    select cast(unnest([7, 14, 21, 28, 30, 35, 42, 49, 56, 63, 70, 77, 84, 91]) as integer) as horizon_days
),

-- Of a document the share that is usually paid within the horizon, of a dated payment all or nothing.
standing as (
    select
        stock.business_id,
        stock.origin_date,
        horizons.horizon_days,
        sum({{ wide('stock.amount') }} * shares.share) filter (stock.kind = 'receivable') as receipts_amount,
        sum({{ wide('stock.amount') }} * shares.share) filter (stock.kind = 'payable') as payables_amount,
        sum(stock.amount) filter (stock.kind = 'payroll' and stock.days_ahead <= horizons.horizon_days) as payroll_amount,
        sum(stock.amount) filter (stock.kind = 'recurring' and stock.days_ahead <= horizons.horizon_days) as recurring_amount,
        sum({{ wide('stock.amount') }} * policy.varying_share) filter (stock.kind = 'varying' and stock.days_ahead <= horizons.horizon_days)
            as varying_amount
    from stock
    cross join horizons
    cross join policy
    left join shares
        on
            stock.kind = shares.kind
            and stock.is_habit_known = shares.is_habit_known
            and stock.days_ahead = shares.days_ahead
            and horizons.horizon_days = shares.horizon_days
    group by stock.business_id, stock.origin_date, horizons.horizon_days
),

days as (
    select
        flows.business_id,
        flows.flow_date,
        sum(flows.amount) filter (flows.is_cash) as cash_amount,
        coalesce(sum(flows.amount) filter (flows.is_ledger and not flows.is_cash), 0)
        - coalesce(sum(flows.amount) filter (flows.is_cash and not flows.is_ledger), 0) as ahead_amount
    from flows
    group by flows.business_id, flows.flow_date
),

-- Every day, so that whatever is asked for is found by its date.
calendar_days as (
    select
        origins.business_id,
        cast(unnest(range(
            least(min(days.flow_date), min(origins.origin_date)) - 7, any_value(origins.as_of_date) + 1, interval 1 day
        )) as date) as flow_date
    from origins
    left join days on origins.business_id = days.business_id
    group by origins.business_id
),

totals as (
    select
        calendar_days.business_id,
        calendar_days.flow_date,
        sum(coalesce(days.cash_amount, 0)) over to_date as cash_total,
        sum(coalesce(days.ahead_amount, 0)) over to_date as ahead_total
    from calendar_days
    left join days
        on
            calendar_days.business_id = days.business_id
            and calendar_days.flow_date = days.flow_date
    window to_date as (partition by calendar_days.business_id order by calendar_days.flow_date)
),

-- What the ledger has more than the bank, beyond what it usually has, is money on its way to or from the bank.
transit as (
    select
        origins.business_id,
        origins.as_of_date,
        origins.weeks_ago,
        origins.origin_date,
        totals.cash_total,
        policy.transit_share * (totals.ahead_total - avg(totals.ahead_total) over (
            partition by origins.business_id order by origins.origin_date
        )) as transit_amount
    from origins
    cross join policy
    inner join totals
        on
            origins.business_id = totals.business_id
            and origins.origin_date = totals.flow_date
),

forecast as (
    select
        transit.business_id,
        transit.as_of_date,
        transit.weeks_ago,
        transit.origin_date,
        horizons.horizon_days,
        transit.origin_date + horizons.horizon_days as target_date,
        transit.cash_total,
        -- The last same weekday that was known.
        transit.origin_date + horizons.horizon_days - 7 * ((horizons.horizon_days + 6) // 7) as naive_date,
        {{ money('coalesce(standing.receipts_amount, 0)') }} as receipts_amount,
        {{ money('coalesce(standing.payables_amount, 0)') }} as payables_amount,
        {{ money('coalesce(standing.payroll_amount, 0)') }} as payroll_amount,
        {{ money('coalesce(standing.recurring_amount, 0)') }} as recurring_amount,
        {{ money('coalesce(standing.varying_amount, 0)') }} as varying_amount,
        {{ money('coalesce(transit.transit_amount, 0)') }} as transit_amount
    from transit
    cross join horizons
    left join standing
        on
            transit.business_id = standing.business_id
            and transit.origin_date = standing.origin_date
            and horizons.horizon_days = standing.horizon_days
),

happened as (
    select
        forecast.*,
        forecast.receipts_amount
        - forecast.payables_amount
        - forecast.payroll_amount
        - forecast.recurring_amount
        - forecast.varying_amount
        + forecast.transit_amount as dated_change,
        later.cash_total - forecast.cash_total as actual_change,
        earlier.cash_total - forecast.cash_total as naive_change
    from forecast
    left join totals as later
        on
            forecast.business_id = later.business_id
            and forecast.target_date = later.flow_date
    left join totals as earlier
        on
            forecast.business_id = earlier.business_id
            and forecast.naive_date = earlier.flow_date
),

-- Errors are no amounts that anybody owes; they are averaged as they come.
missed as (
    select
        happened.business_id,
        happened.horizon_days,
        -- Known from the first origin on at which the day had come.
        happened.weeks_ago - (happened.horizon_days + 6) // 7 as known_weeks_ago,
        count(*) over until_then as case_count,
        avg(cast(happened.actual_change - happened.dated_change as double)) over until_then as mean_error,
        stddev_samp(cast(happened.actual_change - happened.dated_change as double)) over until_then as error_deviation,
        quantile_cont(cast(happened.actual_change - happened.naive_change as double), [0.1, 0.5, 0.9]) over until_then as naive_errors
    from happened
    where happened.actual_change is not null
    window until_then as (partition by happened.business_id, happened.horizon_days order by happened.origin_date)
),

judged as (
    select
        happened.*,
        missed.mean_error,
        missed.error_deviation,
        missed.naive_errors,
        coalesce(missed.case_count, 0) as case_count
    from happened
    left join missed
        on
            happened.business_id = missed.business_id
            and happened.horizon_days = missed.horizon_days
            and happened.weeks_ago = missed.known_weeks_ago
),

-- Where the quantiles lie among the errors, in their standard deviations, by how many there are.
banded as (
    select
        judged.*,
        errors.p10,
        errors.p50,
        errors.p90
    from judged
    left join errors
        on
            judged.horizon_days = errors.horizon_days
            and judged.case_count >= errors.least_cases
    qualify row_number() over (
        partition by judged.business_id, judged.origin_date, judged.horizon_days
        order by errors.least_cases desc nulls last
    ) = 1
)

select
    banded.business_id,
    banded.as_of_date,
    banded.origin_date,
    banded.horizon_days,
    banded.target_date,
    banded.receipts_amount,
    banded.payables_amount,
    banded.payroll_amount,
    banded.recurring_amount,
    banded.varying_amount,
    banded.transit_amount,
    banded.dated_change,
    banded.case_count,
    banded.mean_error,
    banded.error_deviation,
    {{ money('cast(banded.dated_change as double) + banded.mean_error + banded.p10 * banded.error_deviation') }} as p10_change,
    {{ money('cast(banded.dated_change as double) + banded.mean_error + banded.p50 * banded.error_deviation') }} as p50_change,
    {{ money('cast(banded.dated_change as double) + banded.mean_error + banded.p90 * banded.error_deviation') }} as p90_change,
    {{ money('banded.actual_change') }} as actual_change,
    {{ money('cast(banded.naive_change as double) + banded.naive_errors[1]') }} as naive_p10_change,
    {{ money('cast(banded.naive_change as double) + banded.naive_errors[2]') }} as naive_p50_change,
    {{ money('cast(banded.naive_change as double) + banded.naive_errors[3]') }} as naive_p90_change
from banded
