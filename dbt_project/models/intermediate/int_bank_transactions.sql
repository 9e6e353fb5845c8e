with transactions as (
    select * from {{ ref('stg_plaid__transactions') }}
),

accounts as (
    select * from {{ ref('int_bank_accounts') }}
)

select
    transactions.business_id,
    transactions.connection_id,
    transactions.rail,
    transactions.record_id,
    transactions.change_id,
    transactions.account_id,
    transactions.posted_date,
    transactions.amount,
    coalesce(transactions.currency, accounts.currency) as currency,
    transactions.description,
    transactions.merchant_name,
    transactions.merchant_entity_id,
    transactions.check_number,
    transactions.category_primary,
    transactions.category_detailed,
    transactions.synced_at,
    accounts.account_type,
    accounts.current_account_id
from transactions
inner join accounts
    on
        transactions.business_id = accounts.business_id
        and transactions.connection_id = accounts.connection_id
        and transactions.account_id = accounts.account_id
where
    not transactions.is_deleted
    and not coalesce(transactions.is_pending, false)
    and coalesce(transactions.posted_date < accounts.counts_before, true)
