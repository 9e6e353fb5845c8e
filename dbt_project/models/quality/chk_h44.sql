with transactions as (
    select * from {{ ref('stg_plaid__transactions') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

-- What a login saw pending before it was linked anew is posted under the new one.
superseded as (
    select * from {{ ref('int_bank_accounts') }}
    where is_superseded
),

-- The bank may show what was posted before it takes the pending row away.
posted as (
    select
        transactions.business_id,
        transactions.connection_id,
        transactions.pending_transaction_id
    from transactions
    where not transactions.is_deleted and transactions.pending_transaction_id is not null
),

pending as (
    select transactions.*
    from transactions
    anti join posted
        on
            transactions.business_id = posted.business_id
            and transactions.connection_id = posted.connection_id
            and transactions.record_id = posted.pending_transaction_id
    anti join superseded
        on
            transactions.business_id = superseded.business_id
            and transactions.connection_id = superseded.connection_id
            and transactions.account_id = superseded.account_id
    where transactions.is_pending and not transactions.is_deleted
)

select
    pending.business_id,
    pending.rail,
    'transactions' as entity,
    pending.record_id,
    calendar.as_of_date - pending.posted_date as days_pending,
    coalesce(pending.merchant_name, pending.description, 'bank item') || ', '
    || {{ shown_amount('pending.amount', 'coalesce(pending.currency, calendar.home_currency)') }}
    || ', pending since ' || {{ shown_date('pending.posted_date') }} as observed,
    cast(null as decimal(18, 2)) as impact_amount
from pending
inner join calendar on pending.business_id = calendar.business_id
