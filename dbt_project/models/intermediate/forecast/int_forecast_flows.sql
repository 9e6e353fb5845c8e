{{ config(materialized='table') }}

with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

policy as (
    select * from {{ ref('forecast_policy') }}
),

bank_sources as (
    select * from {{ ref('int_bank_sources') }}
    where is_flow_usable and is_cash_usable
),

wages as (
    select * from {{ ref('int_wage_movements') }}
),

-- What a card was bought with moves cash when the card is paid, which no movement of int_cash_movements is.
card_payments as (
    select * from {{ ref('int_card_payments') }}
),

ledger_flows as (
    select
        movements.business_id,
        movements.movement_date as flow_date,
        -- Whom it is paid to; without a payee, what has the same amount is taken as one series.
        case
            when movements.direction = 'in' then null
            when wages.record_id is not null then 'payroll'
            when movements.is_payroll then 'payroll taxes'
            else coalesce(movements.party_type || ':' || movements.party_id, movements.entity || ':' || movements.amount)
        end as payee,
        case movements.direction when 'out' then -movements.amount else movements.amount end as amount
    from {{ ref('int_cash_movements') }} as movements
    left join wages
        on
            movements.business_id = wages.business_id
            and movements.rail = wages.rail
            and movements.entity = wages.entity
            and movements.record_id = wages.record_id
    where not movements.is_card

    union all

    select
        card_payments.business_id,
        card_payments.flow_date,
        'card:' || card_payments.card_id as payee,
        card_payments.amount
    from card_payments
),

bank_flows as (
    select
        movements.business_id,
        movements.movement_date as flow_date,
        case
            when wages.record_id is not null then 'payroll'
            when movements.direction = 'out' and movements.movement_kind != 'internal' then 'name:' || movements.party_name
        end as payee,
        case movements.direction when 'out' then -movements.amount else movements.amount end as amount
    from {{ ref('int_bank_movements') }} as movements
    semi join bank_sources on movements.business_id = bank_sources.business_id
    left join wages
        on
            movements.business_id = wages.business_id
            and movements.rail = wages.rail
            and movements.entity = wages.entity
            and movements.record_id = wages.record_id
),

flows as (
    select
        ledger_flows.*,
        true as is_ledger,
        bank_sources.business_id is null as is_cash
    from ledger_flows
    left join bank_sources on ledger_flows.business_id = bank_sources.business_id

    union all

    select
        bank_flows.*,
        false as is_ledger,
        true as is_cash
    from bank_flows
)

select
    flows.business_id,
    flows.flow_date,
    flows.payee,
    flows.is_ledger,
    flows.is_cash,
    {{ money('sum(flows.amount)') }} as amount
from flows
inner join calendar on flows.business_id = calendar.business_id
cross join policy
where
    flows.flow_date > calendar.as_of_date - 7 * policy.history_weeks
    and flows.flow_date <= calendar.as_of_date
    and flows.amount is not null
group by flows.business_id, flows.flow_date, flows.payee, flows.is_ledger, flows.is_cash
