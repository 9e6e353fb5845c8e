{{ config(materialized='table') }}

with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

policy as (
    select * from {{ ref('runway_policy') }}
),

present as (
    select * from {{ ref('int_runway_inputs') }}
),

reserves as (
    select * from {{ ref('stg_control__reserves') }}
),

cash_flows as (
    select
        flows.business_id,
        flows.flow_date,
        sum(flows.amount) as amount
    from {{ ref('int_forecast_flows') }} as flows
    where flows.is_cash
    group by flows.business_id, flows.flow_date
),

burn_flows as (
    select
        flows.business_id,
        flows.movement_date,
        sum(flows.amount) filter (flows.direction = 'out') as outflow,
        sum(flows.amount) filter (flows.direction = 'in') as inflow
    from {{ ref('int_flows') }} as flows
    group by flows.business_id, flows.movement_date
),

{{ document_spans() }},

-- Today and the ninety days before it: flows reach back as far again, which is what a burn of the first of them rests on.
spine as (
    select
        calendar.business_id,
        calendar.as_of_date as today,
        calendar.as_of_date - cast(unnest(range(91)) as integer) as as_of_date
    from calendar
),

-- What was in the accounts is what is in them and what has moved since.
cash as (
    select
        spine.business_id,
        spine.as_of_date,
        coalesce(sum(cash_flows.amount), 0) as moved_since
    from spine
    left join cash_flows
        on
            spine.business_id = cash_flows.business_id
            and spine.as_of_date < cash_flows.flow_date
    group by spine.business_id, spine.as_of_date
),

burn as (
    select
        spine.business_id,
        spine.as_of_date,
        {{ money('coalesce(sum(burn_flows.outflow), 0)') }} as outflow_90,
        {{ money('coalesce(sum(burn_flows.inflow), 0)') }} as inflow_90
    from spine
    left join burn_flows
        on
            spine.business_id = burn_flows.business_id
            and spine.as_of_date >= burn_flows.movement_date
            and spine.as_of_date < burn_flows.movement_date + 90
    group by spine.business_id, spine.as_of_date
),

reserved as (
    select
        spine.business_id,
        spine.as_of_date,
        sum(reserves.amount) as reserved
    from spine
    inner join reserves
        on
            spine.business_id = reserves.business_id
            and reserves.active_from <= spine.as_of_date
            and (reserves.active_until is null or reserves.active_until >= spine.as_of_date)
    group by spine.business_id, spine.as_of_date
),

-- Of a document of another day that much was open as is open now or was paid since; today it is what the runway counts.
documents_open as (
    select
        spine.business_id,
        spine.as_of_date,
        sum(spans.open_amount) filter (spans.side = 'payable') as ap_open,
        sum(spans.open_amount)
        filter (spans.side = 'payable' and spans.due_date <= spine.as_of_date + policy.payable_horizon_days) as ap_30,
        sum(spans.open_amount) filter (spans.side = 'receivable') as ar_open,
        sum(spans.open_amount)
        filter (spans.side = 'receivable' and spans.due_date >= spine.as_of_date - policy.receivable_horizon_days) as ar_expected,
        sum(spans.open_amount) filter (spans.side in ('credit_memo', 'unapplied_payment')) as ar_credits
    from spine
    cross join policy
    inner join spans
        on
            spine.business_id = spans.business_id
            and spine.as_of_date >= spans.from_date
            and spine.as_of_date < spans.to_date
    where spine.as_of_date < spine.today
    group by spine.business_id, spine.as_of_date
),

inputs as (
    select
        spine.business_id,
        spine.as_of_date,
        spine.today,
        present.currency,
        {{ money('present.cash - cash.moved_since') }} as cash,
        present.cash_source,
        present.cash_null_reason,
        present.flow_source,
        {{ money('coalesce(reserved.reserved, 0)') }} as reserved,
        {{ observed_days('present.first_transaction_date', 'spine.as_of_date') }} as observed_days,
        burn.outflow_90,
        burn.inflow_90,
        case when spine.as_of_date = spine.today then present.ap_open else {{ money('coalesce(documents_open.ap_open, 0)') }} end as ap_open,
        case when spine.as_of_date = spine.today then present.ap_30 else {{ money('coalesce(documents_open.ap_30, 0)') }} end as ap_30,
        case when spine.as_of_date = spine.today then present.ar_open else {{ money('coalesce(documents_open.ar_open, 0)') }} end as ar_open,
        case when spine.as_of_date = spine.today then present.ar_expected else {{ money('coalesce(documents_open.ar_expected, 0)') }} end as ar_expected,
        case when spine.as_of_date = spine.today then present.ar_credits else {{ money('coalesce(documents_open.ar_credits, 0)') }} end as ar_credits,
        cast(null as decimal(18, 2)) as overdue_ap_amount,
        cast(null as decimal(18, 2)) as overdue_ar_amount,
        present.critical_days,
        present.warning_days,
        present.healthy_days,
        present.rails_used,
        present.degraded_rails,
        present.synced_at
    from spine
    inner join present on spine.business_id = present.business_id
    inner join cash
        on
            spine.business_id = cash.business_id
            and spine.as_of_date = cash.as_of_date
    inner join burn
        on
            spine.business_id = burn.business_id
            and spine.as_of_date = burn.as_of_date
    left join reserved
        on
            spine.business_id = reserved.business_id
            and spine.as_of_date = reserved.as_of_date
    left join documents_open
        on
            spine.business_id = documents_open.business_id
            and spine.as_of_date = documents_open.as_of_date
),

{{ runway_figures() }}

select
    figures.business_id,
    figures.as_of_date,
    figures.today,
    figures.currency,
    figures.cash,
    case when figures.cash is not null then figures.cash_source end as cash_source,
    figures.flow_source,
    figures.reserved,
    figures.spendable,
    figures.observed_days,
    figures.outflow_90,
    figures.inflow_90,
    {{ per_day('figures.outflow_90', 'figures.observed_days') }} as gross_burn,
    {{ per_day('greatest(figures.outflow_90 - figures.inflow_90, 0)', 'figures.observed_days') }} as net_burn,
    figures.ap_30,
    figures.ap_open,
    figures.ar_expected,
    figures.ar_open,
    figures.ar_credits,
    figures.buffer_days,
    figures.runway_days,
    figures.runway_days_net,
    figures.runway_days_bills,
    figures.shortfall_amount,
    figures.runway_status,
    figures.runway_basis,
    figures.null_reason,
    figures.formula_version,
    figures.rails_used,
    figures.degraded_rails,
    figures.synced_at
from figures
