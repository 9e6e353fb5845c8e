{{ config(materialized='table') }}

with inputs as (
    select * from {{ ref('int_runway_inputs') }}
),

walk as (
    select * from {{ ref('int_cash_walk') }}
),

policy as (
    select * from {{ ref('runway_policy') }}
),

{{ runway_figures() }}

select
    figures.business_id,
    figures.as_of_date,
    figures.run_at,
    figures.currency,
    figures.cash,
    figures.cash_source,
    figures.cash_gap,
    figures.flow_source,
    figures.reserved,
    figures.spendable,
    figures.observed_days,
    figures.outflow_90,
    figures.inflow_90,
    figures.gross_burn,
    figures.net_burn,
    figures.ap_30,
    figures.ap_open,
    figures.ar_expected,
    figures.ar_open,
    figures.ar_credits,
    figures.overdue_ap_amount,
    figures.overdue_ar_amount,
    figures.buffer_days,
    figures.runway_days,
    figures.runway_days_net,
    figures.runway_days_bills,
    figures.optimised_days,
    walk.covered_until,
    figures.shortfall_amount,
    figures.runway_status,
    figures.runway_basis,
    figures.null_reason,
    figures.warning_days,
    figures.is_short_history,
    figures.excluded_currencies,
    figures.formula_version,
    figures.rails_used,
    figures.degraded_rails,
    figures.max_input_age_minutes,
    figures.freshness_state,
    figures.synced_at
from figures
left join walk on figures.business_id = walk.business_id
