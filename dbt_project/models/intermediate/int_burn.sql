{{ config(materialized='table') }}

with movements as (
    select * from {{ ref('int_cash_movements') }}
    where {{ within_days('movement_date', 90) }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

first_dates as (
    select
        mirror.business_id,
        min(mirror.txn_date) as first_date
    from {{ ref('stg_qbo__bills') }} as mirror
    where not mirror.is_deleted
    group by mirror.business_id

    union all

    select
        mirror.business_id,
        min(mirror.txn_date) as first_date
    from {{ ref('stg_qbo__invoices') }} as mirror
    where not mirror.is_deleted
    group by mirror.business_id

    union all

    select
        mirror.business_id,
        min(mirror.txn_date) as first_date
    from {{ ref('stg_qbo__bill_payments') }} as mirror
    where not mirror.is_deleted
    group by mirror.business_id

    union all

    select
        mirror.business_id,
        min(mirror.txn_date) as first_date
    from {{ ref('stg_qbo__purchases') }} as mirror
    where not mirror.is_deleted
    group by mirror.business_id

    union all

    select
        mirror.business_id,
        min(mirror.txn_date) as first_date
    from {{ ref('stg_qbo__payments') }} as mirror
    where not mirror.is_deleted
    group by mirror.business_id

    union all

    select
        mirror.business_id,
        min(mirror.txn_date) as first_date
    from {{ ref('stg_qbo__sales_receipts') }} as mirror
    where not mirror.is_deleted
    group by mirror.business_id

    union all

    select
        mirror.business_id,
        min(mirror.txn_date) as first_date
    from {{ ref('stg_qbo__refund_receipts') }} as mirror
    where not mirror.is_deleted
    group by mirror.business_id

    union all

    select
        mirror.business_id,
        min(mirror.txn_date) as first_date
    from {{ ref('stg_qbo__deposits') }} as mirror
    where not mirror.is_deleted
    group by mirror.business_id

    union all

    select
        mirror.business_id,
        min(mirror.txn_date) as first_date
    from {{ ref('stg_qbo__transfers') }} as mirror
    where not mirror.is_deleted
    group by mirror.business_id

    union all

    select
        mirror.business_id,
        min(mirror.txn_date) as first_date
    from {{ ref('stg_qbo__journal_entries') }} as mirror
    where not mirror.is_deleted
    group by mirror.business_id
),

first_transactions as (
    select
        first_dates.business_id,
        min(first_dates.first_date) as first_transaction_date
    from first_dates
    group by first_dates.business_id
),

flows as (
    select
        calendar.business_id,
        sum(movements.amount) filter (movements.direction = 'out') as outflow_90,
        sum(movements.amount) filter (movements.direction = 'in') as inflow_90,
        sum(movements.amount)
        filter (movements.direction = 'out' and not movements.is_bill_payment and not movements.is_payroll)
            as undated_outflow_90,
        string_agg(distinct movements.original_currency, ',' order by movements.original_currency)
        filter (movements.amount is null) as excluded_currencies,
        max(movements.synced_at) as synced_at
    from calendar
    inner join movements
        on
            calendar.business_id = movements.business_id
            and movements.movement_date > calendar.as_of_date - 90
            and movements.movement_date <= calendar.as_of_date
    group by calendar.business_id
),

measured as (
    select
        calendar.business_id,
        calendar.as_of_date,
        first_transactions.first_transaction_date,
        case
            when first_transactions.first_transaction_date <= calendar.as_of_date
                then least(90, calendar.as_of_date - first_transactions.first_transaction_date)
            else 0
        end as observed_days,
        {{ money('coalesce(flows.outflow_90, 0)') }} as outflow_90,
        {{ money('coalesce(flows.inflow_90, 0)') }} as inflow_90,
        {{ money('coalesce(flows.undated_outflow_90, 0)') }} as undated_outflow_90,
        flows.excluded_currencies,
        flows.synced_at
    from calendar
    left join first_transactions on calendar.business_id = first_transactions.business_id
    left join flows on calendar.business_id = flows.business_id
)

select
    measured.business_id,
    measured.as_of_date,
    measured.first_transaction_date,
    measured.observed_days,
    measured.outflow_90,
    measured.inflow_90,
    measured.undated_outflow_90,
    {{ per_day('measured.outflow_90', 'measured.observed_days') }} as gross_burn,
    {{ per_day('greatest(measured.outflow_90 - measured.inflow_90, 0)', 'measured.observed_days') }} as net_burn,
    measured.excluded_currencies,
    measured.synced_at
from measured
