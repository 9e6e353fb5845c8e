{{ config(materialized='table') }}

with rates as (
    {%- for table in [
        'bills', 'bill_payments', 'vendor_credits', 'purchases', 'invoices', 'payments', 'credit_memos', 'sales_receipts', 'refund_receipts',
        'deposits', 'transfers', 'journal_entries',
    ] %}
    select
        mirror.business_id,
        mirror.currency,
        mirror.txn_date as rate_date,
        mirror.exchange_rate,
        mirror.source_updated_at,
        '{{ table }}' as entity,
        mirror.record_id
    from {{ ref('stg_qbo__' ~ table) }} as mirror
    where not mirror.is_deleted and mirror.exchange_rate > 0
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
)

-- Of several rates of a day the one the ledger wrote last.
select
    rates.business_id,
    rates.currency,
    rates.rate_date,
    rates.exchange_rate
from rates
inner join calendar on rates.business_id = calendar.business_id
where rates.rate_date <= calendar.as_of_date and rates.currency != calendar.home_currency
qualify row_number() over (
    partition by rates.business_id, rates.currency, rates.rate_date
    order by rates.source_updated_at desc nulls last, rates.entity asc, rates.record_id asc
) = 1
