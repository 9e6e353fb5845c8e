with accounts as (
    select * from {{ ref('int_bank_accounts') }}
),

balances as (
    select * from {{ ref('stg_plaid__balances') }}
),

rates as (
    select * from {{ ref('int_exchange_rates') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

-- An account that its login no longer shows, or whose connection was removed here, is no cash. A bank may serve either balance
-- without the other; the lower one is what can be spent for certain.
depository as (
    select
        accounts.business_id,
        accounts.connection_id,
        accounts.rail,
        accounts.account_id,
        balances.change_id,
        accounts.account_name,
        accounts.account_sub_type,
        case
            when balances.available_amount < balances.current_amount then balances.available_amount
            else coalesce(balances.current_amount, balances.available_amount)
        end as balance_amount,
        coalesce(balances.currency, accounts.currency, calendar.home_currency) as currency,
        calendar.home_currency,
        calendar.as_of_date,
        balances.synced_at as source_updated_at,
        coalesce(balances.synced_at, accounts.synced_at) as synced_at
    from accounts
    inner join calendar on accounts.business_id = calendar.business_id
    left join balances
        on
            accounts.business_id = balances.business_id
            and accounts.connection_id = balances.connection_id
            and accounts.account_id = balances.record_id
            and not balances.is_deleted
    where accounts.account_type = 'depository' and not accounts.is_deleted and accounts.is_removed is not true
)

select
    depository.*,
    {{ home_amount('depository.balance_amount', 'depository.currency', 'depository.home_currency', 'rates.exchange_rate') }}
        as home_balance_amount
from depository
asof left join rates
    on
        depository.business_id = rates.business_id
        and depository.currency = rates.currency
        and depository.as_of_date >= rates.rate_date
