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

select ledger.*
from ledger
anti join sources on ledger.business_id = sources.business_id

union all by name

select bank.*
from bank
semi join sources on bank.business_id = sources.business_id
