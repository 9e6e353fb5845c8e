with rates as (
    select
        business_id,
        currency,
        txn_date,
        exchange_rate
    from {{ ref('stg_qbo__bills') }}
    where not is_deleted and exchange_rate > 0

    union all

    select
        business_id,
        currency,
        txn_date,
        exchange_rate
    from {{ ref('stg_qbo__invoices') }}
    where not is_deleted and exchange_rate > 0

    union all

    select
        business_id,
        currency,
        txn_date,
        exchange_rate
    from {{ ref('stg_qbo__purchases') }}
    where not is_deleted and exchange_rate > 0

    union all

    select
        business_id,
        currency,
        txn_date,
        exchange_rate
    from {{ ref('stg_qbo__deposits') }}
    where not is_deleted and exchange_rate > 0
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
)

select
    rates.business_id,
    rates.currency,
    arg_max(rates.exchange_rate, rates.txn_date) as exchange_rate,
    max(rates.txn_date) as rate_date
from rates
inner join calendar on rates.business_id = calendar.business_id
where rates.txn_date <= calendar.as_of_date and rates.currency != calendar.home_currency
group by rates.business_id, rates.currency
