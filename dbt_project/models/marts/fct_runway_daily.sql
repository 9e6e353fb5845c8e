{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['business_id', 'as_of_date'],
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

with runway as (
    select * from {{ ref('int_runway') }}
),

scores as (
    select * from {{ ref('fct_hygiene_score') }}
),

graded as (
    select
        runway.*,
        scores.hygiene_score,
        -- Nothing to match against while there is one rail; a second rail's unmatched value widens the band here.
        runway.max_input_age_minutes / 1440 as uncertain_days
    from runway
    left join scores on runway.business_id = scores.business_id
)

select
    graded.business_id,
    graded.as_of_date,
    graded.currency,
    graded.cash,
    graded.cash_source,
    graded.cash_gap,
    graded.flow_source,
    graded.reserved,
    graded.spendable,
    graded.observed_days,
    graded.outflow_90,
    graded.inflow_90,
    graded.gross_burn,
    graded.net_burn,
    graded.ap_30,
    graded.ap_open,
    graded.ar_expected,
    graded.ar_open,
    graded.overdue_ap_amount,
    graded.overdue_ar_amount,
    graded.buffer_days,
    graded.runway_days,
    graded.runway_days_net,
    graded.runway_days_bills,
    graded.optimised_days,
    try_cast({{ floor_zero('(graded.runway_days - graded.uncertain_days)') }} as decimal(18, 2)) as runway_days_low,
    try_cast(graded.runway_days + graded.uncertain_days as decimal(18, 2)) as runway_days_high,
    graded.covered_until,
    graded.shortfall_amount,
    graded.runway_status,
    graded.runway_basis,
    graded.null_reason,
    -- A figure on too little history, on inputs older than a day or on a ledger graded below fair (60) is not to be
    -- trusted; on fresh inputs and a ledger graded excellent (80) it is.
    case
        when graded.runway_days is null then 'none'
        when
            graded.is_short_history
            or coalesce(graded.freshness_state not in ('fresh', 'aging'), true)
            or graded.hygiene_score < 60
            then 'low'
        when
            graded.freshness_state = 'fresh'
            and graded.hygiene_score >= 80
            and graded.excluded_currencies is null
            then 'high'
        else 'medium'
    end as confidence,
    graded.hygiene_score,
    graded.excluded_currencies,
    graded.formula_version,
    graded.rails_used,
    graded.degraded_rails,
    graded.max_input_age_minutes,
    graded.freshness_state,
    {{ utc('graded.run_at') }} as computed_at,
    {{ utc('graded.synced_at') }} as synced_at
from graded
{{ where_day_is_open('graded') }}
