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

exceptions as (
    select * from {{ ref('fct_exception') }}
),

-- Money on cash accounts that the bank has and the books have not, or the other way round.
unmatched as (
    select
        exceptions.business_id,
        exceptions.currency,
        coalesce(sum(-exceptions.amount) filter (exceptions.rail = 'plaid' and exceptions.amount < 0), 0) as bank_out,
        coalesce(sum(exceptions.amount) filter (exceptions.rail = 'plaid' and exceptions.amount > 0), 0) as bank_in,
        coalesce(sum(-exceptions.amount) filter (exceptions.rail != 'plaid' and exceptions.amount < 0), 0) as books_out,
        coalesce(sum(exceptions.amount) filter (exceptions.rail != 'plaid' and exceptions.amount > 0), 0) as books_in
    from exceptions
    where exceptions.is_cash_uncertain
    group by exceptions.business_id, exceptions.currency
),

-- Where cash is the bank's, what the books paid is still to go out, what they received still to come, and what the bank alone shows
-- may have settled a bill or an invoice that counts as open. Where cash is the books', all of it may be missing from it, or too much.
swings as (
    select
        runway.business_id,
        coalesce(case
            when runway.cash_source = 'plaid' then unmatched.books_out + least(unmatched.bank_in, runway.ar_expected)
            else unmatched.bank_out + unmatched.books_in
        end, 0) as downside_amount,
        coalesce(case
            when runway.cash_source = 'plaid' then unmatched.books_in + least(unmatched.bank_out, runway.ap_30)
            else unmatched.bank_in + unmatched.books_out
        end, 0) as upside_amount
    from runway
    left join unmatched
        on
            runway.business_id = unmatched.business_id
            and runway.currency = unmatched.currency
),

graded as (
    select
        runway.*,
        scores.hygiene_score,
        swings.downside_amount,
        swings.upside_amount,
        case runway.runway_basis
            when 'bills' then {{ days_of('swings.downside_amount', 'runway.ap_open', '30') }}
            else {{ days_of('swings.downside_amount', 'runway.outflow_90', 'runway.observed_days') }}
        end as downside_days,
        -- What is missing to a headline of 0 has to come in first.
        case runway.runway_basis
            when 'bills' then {{ days_of(floor_zero('(swings.upside_amount - coalesce(runway.shortfall_amount, 0))'), 'runway.ap_open', '30') }}
            else {{ days_of(floor_zero('(swings.upside_amount - coalesce(runway.shortfall_amount, 0))'),
                'runway.outflow_90', 'runway.observed_days') }}
        end as upside_days,
        runway.max_input_age_minutes / 1440 as age_days
    from runway
    inner join swings on runway.business_id = swings.business_id
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
    graded.ar_credits,
    graded.overdue_ap_amount,
    graded.overdue_ar_amount,
    graded.buffer_days,
    graded.runway_days,
    graded.runway_days_net,
    graded.runway_days_bills,
    graded.optimised_days,
    try_cast({{ floor_zero('(graded.runway_days - graded.downside_days - graded.age_days)') }} as decimal(18, 2)) as runway_days_low,
    try_cast(graded.runway_days + graded.upside_days + graded.age_days as decimal(18, 2)) as runway_days_high,
    {{ money('graded.downside_amount') }} as unmatched_downside_amount,
    {{ money('graded.upside_amount') }} as unmatched_upside_amount,
    graded.covered_until,
    graded.shortfall_amount,
    graded.runway_status,
    graded.warning_days,
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
