{#- The windows that are compared by themselves: the newest recorded day that is at least so many days back, and fewer than the other. -#}
{%- set periods = [('day', 1, 7), ('week', 7, 14), ('month', 30, 60)] %}
{%- set figures = ['cash', 'reserved', 'spendable', 'ar_expected', 'ar_open', 'ap_30', 'ap_open', 'outflow_90', 'observed_days'] %}

with runway as (
    select * from {{ ref('fct_runway_daily') }}
),

-- A reader may ask for two days of its own: variables of its session, which no cycle sets.
asked as (
    select
        cast(getvariable('bridge_business') as varchar) as business_id,
        cast(getvariable('bridge_from') as date) as from_date,
        cast(getvariable('bridge_to') as date) as to_date
),

newest as (
    select
        runway.business_id,
        max(runway.as_of_date) as as_of_date
    from runway
    group by runway.business_id
),

periods as (
    {%- for period, least, bound in periods %}
    select
        '{{ period }}' as period,
        {{ least }} as least_days,
        {{ bound }} as bound_days
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
),

pairs as (
    select
        newest.business_id,
        periods.period,
        max(runway.as_of_date) as from_date,
        newest.as_of_date as to_date
    from newest
    cross join periods
    left join runway
        on
            newest.business_id = runway.business_id
            and newest.as_of_date - periods.least_days >= runway.as_of_date
            and newest.as_of_date - periods.bound_days < runway.as_of_date
    where (select asked.business_id from asked) is null
    group by newest.business_id, periods.period, newest.as_of_date

    union all

    select
        asked.business_id,
        'asked' as period,
        asked.from_date,
        asked.to_date
    from asked
    where asked.business_id is not null
),

ends as (
    select
        pairs.business_id,
        pairs.period,
        pairs.from_date,
        pairs.to_date,
        later.currency,
        later.runway_basis as basis,
        coalesce(later.runway_basis != earlier.runway_basis, false) as is_other_basis,
        coalesce(later.flow_source = earlier.flow_source, false) as is_same_flow,
        {%- for name in figures %}
        earlier.{{ name }} as from_{{ name }},
        later.{{ name }} as to_{{ name }},
        {%- endfor %}
        earlier.runway_basis as from_basis,
        earlier.runway_days as runway_days_from,
        later.runway_days as runway_days_to,
        -- What the books had more than the bank, where the one gave way to the other.
        case
            when earlier.cash_source = later.cash_source then 0
            when earlier.cash_source = 'plaid' then coalesce(earlier.cash_gap, 0)
            else -coalesce(later.cash_gap, 0)
        end as source_change,
        case
            when earlier.business_id is null then 'no_history'
            when later.runway_days is null then coalesce(later.null_reason, 'unknown')
            when earlier.runway_days is null then coalesce(earlier.null_reason, 'unknown')
        end as null_reason,
        -- What was observed up to here is in the day's figures.
        greatest(earlier.computed_at, earlier.synced_at) as from_at,
        greatest(later.computed_at, later.synced_at) as to_at,
        later.rails_used,
        later.degraded_rails,
        later.synced_at
    from pairs
    inner join runway as later
        on
            pairs.business_id = later.business_id
            and pairs.to_date = later.as_of_date
    left join runway as earlier
        on
            pairs.business_id = earlier.business_id
            and pairs.from_date = earlier.as_of_date
)

-- Both days by the formula of the later one: amount over flow, times the days the flow took.
select
    ends.*,
    case ends.basis
        when 'burn' then ends.from_spendable + ends.from_ar_expected - ends.from_ap_30
        else ends.from_cash + ends.from_ar_open - ends.from_ap_open
    end as from_amount,
    case ends.basis
        when 'burn' then ends.to_spendable + ends.to_ar_expected - ends.to_ap_30
        else ends.to_cash + ends.to_ar_open - ends.to_ap_open
    end as to_amount,
    case ends.basis when 'burn' then ends.from_outflow_90 else ends.from_ap_open end as from_flow,
    case ends.basis when 'burn' then ends.to_outflow_90 else ends.to_ap_open end as to_flow,
    case ends.basis when 'burn' then ends.from_observed_days else 30 end as from_flow_days,
    case ends.basis when 'burn' then ends.to_observed_days else 30 end as to_flow_days,
    -- The earlier day by its own formula, before it is cut off at zero.
    case ends.from_basis
        when 'burn'
            then {{ exact_days('(ends.from_spendable + ends.from_ar_expected - ends.from_ap_30)', 'ends.from_outflow_90', 'ends.from_observed_days') }}
        else {{ exact_days('(ends.from_cash + ends.from_ar_open - ends.from_ap_open)', 'ends.from_ap_open', '30') }}
    end as from_own_days
from ends
