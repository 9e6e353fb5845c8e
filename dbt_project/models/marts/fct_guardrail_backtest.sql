with past as (
    select * from {{ ref('int_runway_past') }}
),

floors as (
    select * from {{ ref('int_guardrail_floors') }}
),

-- What was paid of bills on a day, from a bank account: a card's payment takes no cash that day.
paid as (
    select
        movements.business_id,
        movements.movement_date as payment_date,
        count(*) as payment_count,
        sum(movements.amount) as paid_amount,
        count(*) > count(movements.amount) as is_unknown
    from {{ ref('int_cash_movements') }} as movements
    where
        movements.is_bill_payment
        and not movements.is_card
        and movements.direction = 'out'
        and {{ within_days('movements.movement_date', 90) }}
    group by movements.business_id, movements.movement_date
),

-- The evening before is what whoever decided knew; of the policy and of the business's own floors, those that held on the day.
cases as (
    select
        paid.business_id,
        paid.payment_date,
        past.currency,
        paid.payment_count,
        case when not paid.is_unknown then paid.paid_amount end as paid_amount,
        past.cash as cash_before,
        past.spendable,
        past.outflow_90,
        past.observed_days,
        past.rails_used,
        past.degraded_rails,
        past.synced_at,
        floors.policy_version,
        floors.min_buffer_days,
        floors.min_cash_amount
    from paid
    inner join past
        on
            paid.business_id = past.business_id
            and paid.payment_date = past.as_of_date + 1
    inner join floors
        on
            paid.business_id = floors.business_id
            and paid.payment_date >= floors.valid_from
            and (floors.valid_until is null or paid.payment_date < floors.valid_until)
),

judged as (
    select
        cases.*,
        {{ money('cases.cash_before - cases.paid_amount') }} as cash_after,
        {{ days_of(floor_zero('(cases.spendable - cases.paid_amount)'), 'cases.outflow_90', 'cases.observed_days') }} as buffer_days_after
    from cases
),

answered as (
    select
        judged.*,
        case when judged.cash_before is null then ['cash_unknown'] else [] end
        || case when judged.paid_amount is null then ['amount_unknown'] else [] end
        || case when judged.cash_after is not null and judged.buffer_days_after is null then ['burn_unknown'] else [] end as unknown_rules,
        case when judged.cash_before - judged.paid_amount < judged.min_cash_amount then ['cash_below_floor'] else [] end
        || case when judged.buffer_days_after < judged.min_buffer_days then ['buffer_below_floor'] else [] end as floor_rules
    from judged
),

-- What came of it: the least cash of the days for which the policy wanted it to last, of the payment's own day at least.
outcomes as (
    select
        answered.business_id,
        answered.payment_date,
        min(past.cash) as lowest_cash_amount,
        count(past.cash) = any_value(greatest(answered.min_buffer_days, 1)) as is_over
    from answered
    inner join past
        on
            answered.business_id = past.business_id
            and past.as_of_date >= answered.payment_date
            and past.as_of_date < answered.payment_date + greatest(answered.min_buffer_days, 1)
    group by answered.business_id, answered.payment_date
),

told as (
    select
        answered.*,
        case
            when len(answered.unknown_rules) > 0 then 'needs_data'
            when len(answered.floor_rules) > 0 then 'held'
            else 'approved'
        end as answer,
        outcomes.lowest_cash_amount,
        case
            when outcomes.lowest_cash_amount < answered.min_cash_amount then true
            when outcomes.is_over then false
        end as fell_below_floor
    from answered
    left join outcomes
        on
            answered.business_id = outcomes.business_id
            and answered.payment_date = outcomes.payment_date
)

select
    told.business_id,
    told.payment_date,
    told.currency,
    cast(told.payment_count as integer) as payment_count,
    {{ money('told.paid_amount') }} as paid_amount,
    told.cash_before,
    told.cash_after,
    told.buffer_days_after,
    told.policy_version,
    told.min_cash_amount,
    told.min_buffer_days,
    told.answer,
    nullif(array_to_string(told.unknown_rules || told.floor_rules, ','), '') as rule_hits,
    told.lowest_cash_amount,
    told.fell_below_floor,
    case
        when told.answer = 'needs_data' then 'not judged'
        when told.fell_below_floor is null then 'not over'
        when told.answer = 'held' and told.fell_below_floor then 'rightly held'
        when told.answer = 'held' then 'held in vain'
        when told.fell_below_floor then 'missed'
        else 'rightly approved'
    end as verdict,
    told.rails_used,
    told.degraded_rails,
    {{ utc('told.synced_at') }} as synced_at
from told
