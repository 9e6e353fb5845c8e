{{ config(materialized='table') }}

with open_documents as (
    select * from {{ ref('int_forecast_documents') }}
),

payments as (
    select * from {{ ref('int_forecast_payments') }}
),

stock as (
    select
        open_documents.business_id,
        open_documents.origin_date,
        open_documents.side as kind,
        open_documents.is_habit_known,
        open_documents.expected_bin as days_ahead,
        open_documents.expected_amount as amount
    from open_documents
    where open_documents.expected_amount > 0

    union all

    select
        payments.business_id,
        payments.origin_date,
        payments.kind,
        cast(null as boolean) as is_habit_known,
        payments.expected_date - payments.origin_date as days_ahead,
        payments.amount
    from payments
)

select
    stock.business_id,
    stock.origin_date,
    stock.kind,
    stock.is_habit_known,
    stock.days_ahead,
    {{ money('sum(stock.amount)') }} as amount
from stock
group by stock.business_id, stock.origin_date, stock.kind, stock.is_habit_known, stock.days_ahead
