{{ config(materialized='table') }}

with bills as (
    select * from {{ ref('int_bills') }}
),

vendor_credits as (
    select * from {{ ref('stg_qbo__vendor_credits') }}
),

bill_payments as (
    select * from {{ ref('stg_qbo__bill_payments') }}
),

vendors as (
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
    select
        vendor_credits.business_id,
        vendor_credits.connection_id,
        vendor_credits.rail,
        'vendor_credit' as document_type,
        'vendor_credits' as entity,
        vendor_credits.record_id,
        vendor_credits.change_id,
        vendor_credits.document_number,
        vendor_credits.vendor_id,
        vendor_credits.vendor_name,
        vendor_credits.txn_date,
        -vendor_credits.total_amount as total_amount,
        -vendor_credits.open_amount as open_amount,
        vendor_credits.currency,
        vendor_credits.exchange_rate,
        {{ qbo_transaction_url('vendorcredit', 'vendor_credits.record_id') }} as source_url,
        vendor_credits.source_updated_at,
        vendor_credits.synced_at
    from vendor_credits
    where
        not vendor_credits.is_deleted
        and not vendor_credits.is_voided
        and vendor_credits.open_amount != 0

    union all by name

    select
        payment_balances.business_id,
        payment_balances.connection_id,
        payment_balances.rail,
        'bill_payment' as document_type,
        'bill_payments' as entity,
        payment_balances.record_id,
        payment_balances.change_id,
        payment_balances.document_number,
        payment_balances.vendor_id,
        payment_balances.vendor_name,
        payment_balances.txn_date,
        -payment_balances.total_amount as total_amount,
        {{ money('-payment_balances.unapplied_amount') }} as open_amount,
        payment_balances.currency,
        payment_balances.exchange_rate,
        {{ qbo_transaction_url('billpayment', 'payment_balances.record_id') }} as source_url,
        payment_balances.source_updated_at,
        payment_balances.synced_at
    from payment_balances
    where payment_balances.unapplied_amount > 0
),

credits_resolved as (
    select
        credits.* exclude (vendor_name, currency),
        coalesce(vendors.vendor_name, credits.vendor_name) as vendor_name,
        coalesce(credits.currency, calendar.home_currency) as currency,
        calendar.home_currency,
        calendar.as_of_date
    from credits
    inner join calendar on credits.business_id = calendar.business_id
    left join vendors
        on
            credits.business_id = vendors.business_id
            and credits.vendor_id = vendors.record_id
),

open_documents as (
    select
        bills.business_id,
        bills.connection_id,
        bills.rail,
        'bill' as document_type,
        'bills' as entity,
        bills.record_id,
        bills.change_id,
        bills.document_number,
        bills.vendor_id as party_id,
        bills.vendor_name as party_name,
        bills.txn_date,
        bills.due_date,
        bills.total_amount as original_total_amount,
        bills.open_amount as original_open_amount,
        bills.currency as original_currency,
        bills.home_open_amount as open_amount,
        bills.home_currency as currency,
        bills.days_past_due,
        bills.as_of_date,
        bills.source_url,
        bills.source_updated_at,
        bills.synced_at
    from bills
    where bills.is_open and bills.open_amount is not null

    union all by name

    select
        credits_resolved.business_id,
        credits_resolved.connection_id,
        credits_resolved.rail,
        credits_resolved.document_type,
        credits_resolved.entity,
        credits_resolved.record_id,
        credits_resolved.change_id,
        credits_resolved.document_number,
        credits_resolved.vendor_id as party_id,
        credits_resolved.vendor_name as party_name,
        credits_resolved.txn_date,
        cast(null as date) as due_date,
        credits_resolved.total_amount as original_total_amount,
        credits_resolved.open_amount as original_open_amount,
        credits_resolved.currency as original_currency,
        {{ home_amount('credits_resolved.open_amount', 'credits_resolved.currency', 'credits_resolved.home_currency', 'credits_resolved.exchange_rate') }}
            as open_amount,
        credits_resolved.home_currency as currency,
        -- QuickBooks ages a credit by its own date; without one it is as old as today.
        coalesce(credits_resolved.as_of_date - credits_resolved.txn_date, 0) as days_past_due,
        credits_resolved.as_of_date,
        credits_resolved.source_url,
        credits_resolved.source_updated_at,
        credits_resolved.synced_at
    from credits_resolved
)

select
    open_documents.*,
    {{ aging_bucket('open_documents.days_past_due') }} as bucket
from open_documents
