{#- Days of `day`'s window in which anything was known: 90 at most, 0 where nothing was. -#}
{% macro observed_days(first_date, day) -%}
    case when {{ first_date }} <= {{ day }} then least(90, {{ day }} - {{ first_date }}) else 0 end
{%- endmacro %}


{#-
  The runway's formulas, as CTEs: `inputs` and `policy` stand before them, `figures` is what comes out: all columns of `inputs`, and
  spendable, the day figures, what is missing, status, basis and the reason of a NULL.
-#}
{% macro runway_figures() -%}
based as (
    select
        inputs.*,
        policy.formula_version,
        policy.overdue_ap_share * cast(inputs.overdue_ap_amount as decimal(28, 2))
        + policy.overdue_ar_share * cast(inputs.overdue_ar_amount as decimal(28, 2)) as optimisable_amount,
        inputs.cash - inputs.reserved as spendable_amount,
        inputs.observed_days < policy.short_history_days as is_short_history,
        coalesce(inputs.outflow_90, 0) <= 0 or inputs.observed_days = 0 as is_without_burn
    from inputs
    cross join policy
),

raw_days as (
    select
        based.*,
        {{ days_of(floor_zero('based.spendable_amount'), 'based.outflow_90', 'based.observed_days') }} as buffer_days,
        {{ days_of(floor_zero('based.spendable_amount'), '(based.outflow_90 - based.inflow_90)', 'based.observed_days') }} as runway_days_net,
        {{ days_of('(based.spendable_amount + based.ar_expected - based.ap_30)', 'based.outflow_90', 'based.observed_days') }} as burn_days,
        {{ days_of('(based.cash + based.ar_open - based.ap_open)', 'based.ap_open', '30') }} as bill_days,
        {{ days_of('based.optimisable_amount', 'based.outflow_90', 'based.observed_days') }} as optimisable_days
    from based
),

headline as (
    select
        raw_days.*,
        case when raw_days.is_short_history then raw_days.bill_days else raw_days.burn_days end as headline_days,
        case
            when raw_days.is_short_history then raw_days.cash + raw_days.ar_open - raw_days.ap_open
            else raw_days.spendable_amount + raw_days.ar_expected - raw_days.ap_30
        end as headline_amount
    from raw_days
),

figures as (
    select
        headline.*,
        {{ money('headline.spendable_amount') }} as spendable,
        {{ money(floor_zero('headline.headline_days')) }} as runway_days,
        {{ money(floor_zero('headline.bill_days')) }} as runway_days_bills,
        case
            when not headline.is_short_history
                then {{ money(floor_zero('headline.headline_days') ~ ' + headline.optimisable_days') }}
        end as optimised_days,
        case
            when headline.headline_days is not null and headline.headline_amount < 0 then {{ money('-headline.headline_amount') }}
        end as shortfall_amount,
        case
            when headline.headline_days is null then 'unknown'
            when headline.headline_days < headline.critical_days then 'critical'
            when headline.headline_days < headline.warning_days then 'warning'
            when headline.headline_days < headline.healthy_days then 'healthy'
            else 'excellent'
        end as runway_status,
        case when headline.is_short_history then 'bills' else 'burn' end as runway_basis,
        case
            when headline.cash is null then headline.cash_null_reason
            when headline.is_short_history then 'short_history'
            when headline.is_without_burn then 'no_burn'
        end as null_reason
    from headline
)
{%- endmacro %}
