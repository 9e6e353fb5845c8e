with transactions as (
    select * from {{ ref('stg_ramp__transactions') }}
),

rates as (
    select * from {{ ref('int_exchange_rates') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
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
)

select
    unbooked.business_id,
    unbooked.rail,
    'transactions' as entity,
    unbooked.record_id,
    unbooked.change_id,
    unbooked.account_id,
    unbooked.movement_date,
    case when unbooked.amount > 0 then 'out' else 'in' end as direction,
    {{ money('abs(unbooked.amount)') }} as original_amount,
    unbooked.currency as original_currency,
    {{ home_amount('abs(unbooked.amount)', 'unbooked.currency', 'unbooked.home_currency', 'rates.exchange_rate') }} as amount,
    unbooked.home_currency as currency,
    unbooked.party_name,
    true as is_card,
    unbooked.synced_at
from unbooked
left join rates
    on
        unbooked.business_id = rates.business_id
        and unbooked.currency = rates.currency
