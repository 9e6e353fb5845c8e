with cash_accounts as (
    select * from {{ ref('int_ledger_balances') }}
)

select
    cash_accounts.business_id,
    cash_accounts.rail,
    'accounts' as entity,
    cash_accounts.account_id as record_id,
    cash_accounts.balance_amount,
    coalesce(cash_accounts.account_name, 'account') || ' at '
    || {{ shown_amount('cash_accounts.balance_amount', 'cash_accounts.currency') }} as observed,
    cash_accounts.home_balance_amount as impact_amount
from cash_accounts
