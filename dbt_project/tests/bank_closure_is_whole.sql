{{ config(meta={'dagster': {'ref': {'name': 'fct_bank_closure'}}}) }}

-- Matched and unmatched transactions of an account and day are all that the bank posted there, counted past the matching.
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
    semi join {{ ref('stg_plaid__accounts') }} as accounts
        on
            transactions.business_id = accounts.business_id
            and transactions.connection_id = accounts.connection_id
            and transactions.account_id = accounts.record_id
    where
        not transactions.is_deleted
        and not coalesce(transactions.is_pending, false)
        and transactions.posted_date is not null
        and transactions.amount is not null
    group by transactions.business_id, transactions.account_id, transactions.posted_date
)

select posted.*
from posted
left join closure
    on
        posted.business_id = closure.business_id
        and posted.account_id = closure.account_id
        and posted.posted_date = closure.posted_date
where (closure.matched_amount + closure.unmatched_amount) is distinct from posted.total_amount
