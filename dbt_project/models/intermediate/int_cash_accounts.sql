with ledger as (
    select * from {{ ref('int_ledger_balances') }}
),

bank as (
    select * from {{ ref('int_bank_balances') }}
),

sources as (
    select * from {{ ref('int_bank_sources') }}
    where is_cash_usable
)

select
    ledger.business_id,
    ledger.connection_id,
    ledger.rail,
    'accounts' as entity,
    ledger.account_id,
    ledger.change_id,
    ledger.account_name,
    ledger.account_sub_type,
    ledger.balance_amount,
    ledger.currency,
    ledger.home_currency,
    ledger.as_of_date,
    ledger.source_updated_at,
    ledger.synced_at,
    ledger.home_balance_amount
from ledger
anti join sources on ledger.business_id = sources.business_id

union all

select
    bank.business_id,
    bank.connection_id,
    bank.rail,
    'balances' as entity,
    bank.account_id,
    bank.change_id,
    bank.account_name,
    bank.account_sub_type,
    bank.balance_amount,
    bank.currency,
    bank.home_currency,
    bank.as_of_date,
    bank.source_updated_at,
    bank.synced_at,
    bank.home_balance_amount
from bank
semi join sources on bank.business_id = sources.business_id
