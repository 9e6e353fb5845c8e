{{ config(materialized='table') }}

with documents as (
    select * from {{ ref('int_bills') }}
),

vendor_credits as (
    select * from {{ ref('stg_qbo__vendor_credits') }}
),

bill_payments as (
    select * from {{ ref('stg_qbo__bill_payments') }}
),

parties as (
    select * from {{ ref('stg_qbo__vendors') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

-- A payment that exceeds the bills it settles (credits it uses lower its own total) is owed to the business.
payment_balances as (
    select
        bill_payments.*,
        bill_payments.total_amount
        - coalesce(list_sum(list_transform(bill_payments.lines, lambda line: case
            when line.links[1].txn_type in ('VendorCredit', 'Deposit') then -line.amount
            else line.amount
        end)), 0) as unapplied_amount
    from bill_payments
    where not bill_payments.is_deleted and not bill_payments.is_voided
),

credits as (
    {{ open_credit(
        'vendor_credits', 'vendor_credit', 'vendor_credits', 'vendor',
        page='vendorcredit',
        open_amount='-vendor_credits.open_amount',
    ) }}
    where
        not vendor_credits.is_deleted
        and not vendor_credits.is_voided
        and vendor_credits.open_amount != 0

    union all by name

    {{ open_credit(
        'payment_balances', 'bill_payment', 'bill_payments', 'vendor',
        page='billpayment',
        open_amount=money('-payment_balances.unapplied_amount'),
    ) }}
    where payment_balances.unapplied_amount > 0
),

{{ open_documents('bill', 'bills', party='vendor') }}
