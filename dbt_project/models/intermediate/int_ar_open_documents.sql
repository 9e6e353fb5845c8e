{{ config(materialized='table') }}

with documents as (
    select * from {{ ref('int_invoices') }}
),

credit_memos as (
    select
        *,
        coalesce(remaining_amount, open_amount) as unapplied_amount
    from {{ ref('stg_qbo__credit_memos') }}
),

payments as (
    select * from {{ ref('stg_qbo__payments') }}
),

parties as (
    select * from {{ ref('stg_qbo__customers') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

credits as (
    {{ open_credit(
        'credit_memos', 'credit_memo', 'credit_memos', 'customer',
        page='creditmemo',
        open_amount='-credit_memos.unapplied_amount',
    ) }}
    where
        not credit_memos.is_deleted
        and not credit_memos.is_voided
        and credit_memos.unapplied_amount != 0

    union all by name

    {{ open_credit(
        'payments', 'payment', 'payments', 'customer',
        page='recvpayment',
        open_amount='-payments.unapplied_amount',
        document_number='reference_number',
    ) }}
    where
        not payments.is_deleted
        and not payments.is_voided
        and payments.unapplied_amount != 0
),

{{ open_documents('invoice', 'invoices', party='customer') }}
