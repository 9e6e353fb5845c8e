{{ config(materialized='table') }}

with ledger_movements as (
    select * from {{ ref('int_cash_movements') }}
    where {{ within_days('movement_date', 90) }}
),

wages as (
    select * from {{ ref('int_wage_movements') }}
    where {{ within_days('movement_date', 90) }}
),

movements as (
    select * from {{ ref('int_flows') }}
),

bank_sources as (
    select * from {{ ref('int_bank_sources') }}
    where is_flow_usable
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

payroll as (
    select * from {{ ref('int_payroll') }}
    where is_payroll_dated
),

first_dates as (
    {%- for table in [
        'bills', 'invoices', 'bill_payments', 'purchases', 'payments', 'sales_receipts', 'refund_receipts', 'deposits', 'transfers',
        'journal_entries',
    ] %}
    select
        mirror.business_id,
        min(mirror.txn_date) as first_date
    from {{ ref('stg_qbo__' ~ table) }} as mirror
    where not mirror.is_deleted
    group by mirror.business_id
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
),

ledger_starts as (
    select
        first_dates.business_id,
        min(first_dates.first_date) as first_date
    from first_dates
    group by first_dates.business_id
),

first_transactions as (
    select
        calendar.business_id,
        case when bank_sources.business_id is null then ledger_starts.first_date else bank_sources.first_movement_date end
            as first_transaction_date,
        case when bank_sources.business_id is null then 'qbo' else 'plaid' end as flow_source
    from calendar
    left join ledger_starts on calendar.business_id = ledger_starts.business_id
    left join bank_sources on calendar.business_id = bank_sources.business_id
),

-- Bills have dates of their own in the walk, and payroll where one is to come; what is withheld of wages and paid over later has none.
-- Which of the bank's debits these are only the ledger knows, but for a payroll that is set and not booked as wages.
dated as (
    select
        ledger_movements.business_id,
        ledger_movements.movement_date,
        ledger_movements.amount
    from ledger_movements
    anti join wages
        on
            ledger_movements.business_id = wages.business_id
            and ledger_movements.rail = wages.rail
            and ledger_movements.entity = wages.entity
            and ledger_movements.record_id = wages.record_id
    where ledger_movements.direction = 'out' and ledger_movements.is_bill_payment

    union all

    select
        wages.business_id,
        wages.movement_date,
        wages.amount
    from wages
    semi join payroll on wages.business_id = payroll.business_id
    where not wages.is_other_side
),

dated_flows as (
    select
        calendar.business_id,
        sum(dated.amount) as dated_outflow_90
    from calendar
    inner join dated
        on
            calendar.business_id = dated.business_id
            and dated.movement_date > calendar.as_of_date - 90
            and dated.movement_date <= calendar.as_of_date
    group by calendar.business_id
),

flows as (
    select
        calendar.business_id,
        sum(movements.amount) filter (movements.direction = 'out') as outflow_90,
        sum(movements.amount) filter (movements.direction = 'in') as inflow_90,
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
        {{ observed_days('first_transactions.first_transaction_date', 'calendar.as_of_date') }} as observed_days,
        {{ money('coalesce(flows.outflow_90, 0)') }} as outflow_90,
        {{ money('coalesce(flows.inflow_90, 0)') }} as inflow_90,
        {{ money(floor_zero('coalesce(flows.outflow_90, 0) - coalesce(dated_flows.dated_outflow_90, 0)')) }} as undated_outflow_90,
        first_transactions.flow_source,
        flows.excluded_currencies,
        flows.synced_at
    from calendar
    left join first_transactions on calendar.business_id = first_transactions.business_id
    left join flows on calendar.business_id = flows.business_id
    left join dated_flows on calendar.business_id = dated_flows.business_id
)

select
    measured.business_id,
    measured.as_of_date,
    measured.flow_source,
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
