{{ config(materialized='table') }}

with invoices as (
    select * from {{ ref('int_invoices') }}
),

credit_memos as (
    select * from {{ ref('stg_qbo__credit_memos') }}
),

payments as (
    select * from {{ ref('stg_qbo__payments') }}
),

customers as (
    select * from {{ ref('stg_qbo__customers') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

credits as (
    select
        credit_memos.business_id,
        credit_memos.connection_id,
        credit_memos.rail,
        'credit_memo' as document_type,
        'credit_memos' as entity,
        credit_memos.record_id,
        credit_memos.change_id,
        credit_memos.document_number,
        credit_memos.customer_id,
        credit_memos.customer_name,
        credit_memos.txn_date,
        -credit_memos.total_amount as total_amount,
        -coalesce(credit_memos.remaining_amount, credit_memos.open_amount) as open_amount,
        credit_memos.currency,
        credit_memos.exchange_rate,
        {{ qbo_transaction_url('creditmemo', 'credit_memos.record_id') }} as source_url,
        credit_memos.source_updated_at,
        credit_memos.synced_at
    from credit_memos
    where
        not credit_memos.is_deleted
        and not credit_memos.is_voided
        and coalesce(credit_memos.remaining_amount, credit_memos.open_amount) != 0

    union all by name

    select
        payments.business_id,
        payments.connection_id,
        payments.rail,
        'payment' as document_type,
        'payments' as entity,
        payments.record_id,
        payments.change_id,
        payments.reference_number as document_number,
        payments.customer_id,
        payments.customer_name,
        payments.txn_date,
        -payments.total_amount as total_amount,
        -payments.unapplied_amount as open_amount,
        payments.currency,
        payments.exchange_rate,
        {{ qbo_transaction_url('recvpayment', 'payments.record_id') }} as source_url,
        payments.source_updated_at,
        payments.synced_at
    from payments
    where
        not payments.is_deleted
        and not payments.is_voided
        and payments.unapplied_amount != 0
),

credits_resolved as (
    select
        credits.* exclude (customer_name, currency),
        coalesce(customers.customer_name, credits.customer_name) as customer_name,
        coalesce(credits.currency, calendar.home_currency) as currency,
        calendar.home_currency,
        calendar.as_of_date
    from credits
    inner join calendar on credits.business_id = calendar.business_id
    left join customers
        on
            credits.business_id = customers.business_id
            and credits.customer_id = customers.record_id
),

open_documents as (
    select
        invoices.business_id,
        invoices.connection_id,
        invoices.rail,
        'invoice' as document_type,
        'invoices' as entity,
        invoices.record_id,
        invoices.change_id,
        invoices.document_number,
        invoices.customer_id as party_id,
        invoices.customer_name as party_name,
        invoices.txn_date,
        invoices.due_date,
        invoices.total_amount as original_total_amount,
        invoices.open_amount as original_open_amount,
        invoices.currency as original_currency,
        invoices.home_open_amount as open_amount,
        invoices.home_currency as currency,
        invoices.days_past_due,
        invoices.as_of_date,
        invoices.source_url,
        invoices.source_updated_at,
        invoices.synced_at
    from invoices
    where invoices.is_open and invoices.open_amount is not null

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
        credits_resolved.customer_id as party_id,
        credits_resolved.customer_name as party_name,
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
