with accounts as (
    select * from {{ ref('stg_qbo__accounts') }}
),

rates as (
    select * from {{ ref('int_exchange_rates') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

balances as (
    select
        accounts.business_id,
        accounts.connection_id,
        accounts.rail,
        accounts.record_id as account_id,
        accounts.change_id,
        accounts.account_name,
        accounts.account_sub_type,
        accounts.current_balance as balance_amount,
        coalesce(accounts.currency, calendar.home_currency) as currency,
        calendar.home_currency,
        calendar.as_of_date,
        accounts.source_updated_at,
        accounts.synced_at
    from accounts
    inner join calendar on accounts.business_id = calendar.business_id
    where
        accounts.account_type = 'Bank'
        and coalesce(accounts.is_active, true)
        and not accounts.is_deleted
)

select
    balances.*,
    {{ home_amount('balances.balance_amount', 'balances.currency', 'balances.home_currency', 'rates.exchange_rate') }}
        as home_balance_amount
from balances
asof left join rates
    on
        balances.business_id = rates.business_id
        and balances.currency = rates.currency
        and balances.as_of_date >= rates.rate_date
