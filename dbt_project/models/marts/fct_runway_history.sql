with past as (
    select * from {{ ref('int_runway_past') }}
),

recorded as (
    select * from {{ ref('fct_runway_daily') }}
)

select
    past.business_id,
    past.as_of_date,
    past.currency,
    past.cash,
    past.cash_source,
    past.reserved,
    past.spendable,
    cast(past.observed_days as integer) as observed_days,
    past.outflow_90,
    past.inflow_90,
    past.gross_burn,
    past.net_burn,
    past.ap_30,
    past.ap_open,
    past.ar_expected,
    past.ar_open,
    past.ar_credits,
    past.buffer_days,
    past.runway_days,
    past.runway_days_net,
    past.runway_days_bills,
    past.shortfall_amount,
    past.runway_status,
    past.runway_basis,
    past.null_reason,
    past.formula_version,
    recorded.business_id is not null as is_recorded,
    recorded.runway_days as recorded_runway_days,
    recorded.cash as recorded_cash,
    past.rails_used,
    past.degraded_rails,
    {{ utc('past.synced_at') }} as synced_at
from past
left join recorded
    on
        past.business_id = recorded.business_id
        and past.as_of_date = recorded.as_of_date
