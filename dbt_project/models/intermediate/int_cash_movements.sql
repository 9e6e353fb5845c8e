with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

movements as (
    select * from {{ ref('int_vendor_movements') }}
    union all by name
    select * from {{ ref('int_customer_movements') }}
    union all by name
    select * from {{ ref('int_internal_movements') }}
)

select
    movements.business_id,
    movements.rail,
    movements.entity,
    movements.record_id,
    movements.change_id,
    movements.account_id,
    movements.movement_date,
    case when movements.amount < 0 then 'out' else 'in' end as direction,
    {{ money('abs(movements.amount)') }} as original_amount,
    coalesce(movements.currency, calendar.home_currency) as original_currency,
    {{ home_amount('abs(movements.amount)', 'coalesce(movements.currency, calendar.home_currency)', 'calendar.home_currency', 'movements.exchange_rate') }}
        as amount,
    calendar.home_currency as currency,
    movements.party_type,
    movements.party_id,
    movements.party_name,
    movements.is_card,
    movements.is_payroll,
    movements.entity = 'bill_payments' as is_bill_payment,
    movements.synced_at
from movements
inner join calendar on movements.business_id = calendar.business_id
where movements.amount != 0
