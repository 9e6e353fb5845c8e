{{ config(meta={'dagster': {'ref': {'name': 'fct_bank_closure'}}}) }}

-- Matched and unmatched transactions of an account and day are all that the bank posted there, or that was charged, counted past
-- the matching; and what is unmatched is what came in and what went out. What a bank login tells again after it was linked anew is
-- posted once.
with closure as (
    select * from {{ ref('fct_bank_closure') }}
),

posted as (
    select
        transactions.business_id,
        transactions.account_id,
        transactions.posted_date,
        sum(transactions.amount) as total_amount
    from {{ ref('stg_plaid__transactions') }} as transactions
    semi join {{ ref('int_bank_accounts') }} as accounts
        on
            transactions.business_id = accounts.business_id
            and transactions.connection_id = accounts.connection_id
            and transactions.account_id = accounts.account_id
            and coalesce(transactions.posted_date < accounts.counts_before, true)
    where
        not transactions.is_deleted
        and not coalesce(transactions.is_pending, false)
        and transactions.posted_date is not null
        and transactions.amount is not null
    group by transactions.business_id, transactions.account_id, transactions.posted_date

    union all

    select
        charges.business_id,
        charges.connection_id as account_id,
        cast({{ utc('charges.created_at') }} as date) as posted_date,
        sum(cast(coalesce(booked.amount, charges.amount) as decimal(18, 2))) as total_amount
    from {{ ref('stg_stripe__charges') }} as charges
    left join {{ ref('stg_stripe__balance_transactions') }} as booked
        on
            charges.business_id = booked.business_id
            and charges.connection_id = booked.connection_id
            and charges.balance_transaction_id = booked.record_id
    where
        not charges.is_deleted
        and charges.status = 'succeeded'
        and charges.is_captured is distinct from false
        and charges.created_at is not null
        and coalesce(booked.amount, charges.amount) is not null
    group by charges.business_id, charges.connection_id, cast({{ utc('charges.created_at') }} as date)
)

select posted.*
from posted
left join closure
    on
        posted.business_id = closure.business_id
        and posted.account_id = closure.account_id
        and posted.posted_date = closure.posted_date
where
    (closure.matched_amount + closure.unmatched_amount) is distinct from posted.total_amount
    or (closure.unmatched_in_amount + closure.unmatched_out_amount) is distinct from closure.unmatched_amount
