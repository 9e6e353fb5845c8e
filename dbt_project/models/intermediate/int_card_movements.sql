with transactions as (
    select * from {{ ref('stg_ramp__transactions') }}
),

rates as (
    select * from {{ ref('int_exchange_rates') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

booked as (
    select * from {{ ref('int_cash_movements') }}
    where is_card and {{ within_days('movement_date', 185) }}
),

-- What Ramp has handed to the ledger is counted there; what was declined never happened.
unbooked as (
    select
        transactions.business_id,
        transactions.rail,
        transactions.record_id,
        transactions.change_id,
        transactions.card_id as account_id,
        cast(timezone('UTC', transactions.transacted_at) as date) as movement_date,
        transactions.amount,
        coalesce(transactions.currency, calendar.home_currency) as currency,
        calendar.home_currency,
        coalesce(transactions.merchant_name, transactions.merchant_descriptor) as party_name,
        transactions.synced_at
    from transactions
    inner join calendar on transactions.business_id = calendar.business_id
    where
        not transactions.is_deleted
        and transactions.state in ('PENDING', 'CLEARED', 'COMPLETION')
        and coalesce(transactions.sync_status, '') != 'SYNCED'
        and transactions.amount != 0
),

-- Nor what somebody entered in the ledger by hand, which Ramp does not know of.
left_over as (
    select unbooked.*
    from unbooked
    anti join booked
        on
            unbooked.business_id = booked.business_id
            and abs(unbooked.amount) = booked.original_amount
            and (unbooked.amount > 0) = (booked.direction = 'out')
            and unbooked.movement_date >= booked.movement_date - 5
            and unbooked.movement_date <= booked.movement_date + 5
    where {{ within_days('unbooked.movement_date', 180) }}
)

select
    left_over.business_id,
    left_over.rail,
    'transactions' as entity,
    left_over.record_id,
    left_over.change_id,
    left_over.account_id,
    left_over.movement_date,
    case when left_over.amount > 0 then 'out' else 'in' end as direction,
    {{ money('abs(left_over.amount)') }} as original_amount,
    left_over.currency as original_currency,
    {{ home_amount('abs(left_over.amount)', 'left_over.currency', 'left_over.home_currency', 'rates.exchange_rate') }} as amount,
    left_over.home_currency as currency,
    left_over.party_name,
    true as is_card,
    left_over.synced_at
from left_over
asof left join rates
    on
        left_over.business_id = rates.business_id
        and left_over.currency = rates.currency
        and left_over.movement_date >= rates.rate_date
