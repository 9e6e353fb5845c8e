with mirror as (
    select * from {{ ref('stg_qbo__invoices') }}
),

corrections as (
    select * from {{ ref('int_corrections') }}
    where entity = 'invoices'
),

parties as (
    select * from {{ ref('stg_qbo__customers') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

documents as (
    {{ corrected_documents(['due_date', 'customer_id']) }}
),

resolved as (
    select
        documents.*,
        calendar.home_currency,
        calendar.as_of_date,
        coalesce(parties.customer_name, documents.customer_name) as resolved_customer_name,
        parties.record_id is not null as is_customer_known,
        coalesce(documents.currency, calendar.home_currency) as document_currency
    from documents
    inner join calendar on documents.business_id = calendar.business_id
    left join parties
        on
            documents.business_id = parties.business_id
            and documents.customer_id = parties.record_id
            and not parties.is_deleted
)

select
    resolved.business_id,
    resolved.connection_id,
    resolved.rail,
    resolved.record_id,
    resolved.change_id,
    resolved.document_number,
    resolved.customer_id,
    resolved.resolved_customer_name as customer_name,
    resolved.is_customer_known,
    resolved.terms_id,
    resolved.private_note,
    resolved.txn_date,
    resolved.due_date,
    resolved.total_amount,
    resolved.open_amount,
    resolved.document_currency as currency,
    resolved.exchange_rate,
    resolved.home_currency,
    {{ home_amount('resolved.total_amount', 'resolved.document_currency', 'resolved.home_currency', 'resolved.exchange_rate') }}
        as home_total_amount,
    {{ home_amount('resolved.open_amount', 'resolved.document_currency', 'resolved.home_currency', 'resolved.exchange_rate') }}
        as home_open_amount,
    resolved.document_currency != resolved.home_currency and coalesce(resolved.exchange_rate, 0) <= 0 as is_without_rate,
    resolved.as_of_date - resolved.due_date as days_past_due,
    {{ ledger_status('resolved.is_deleted', 'resolved.is_voided', 'resolved.total_amount', 'resolved.open_amount') }} as status,
    resolved.corrected_fields,
    resolved.is_deleted,
    resolved.is_voided,
    not resolved.is_deleted and not resolved.is_voided and coalesce(resolved.open_amount, 1) != 0 as is_open,
    resolved.as_of_date,
    {{ qbo_transaction_url('invoice', 'resolved.record_id') }} as source_url,
    resolved.created_at,
    resolved.source_updated_at,
    resolved.synced_at
from resolved
