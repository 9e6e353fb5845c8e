with documents as (
    select * from {{ ref('stg_qbo__bills') }}
),

parties as (
    select * from {{ ref('stg_qbo__vendors') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

resolved as (
    select
        documents.*,
        calendar.home_currency,
        calendar.as_of_date,
        coalesce(parties.vendor_name, documents.vendor_name) as resolved_vendor_name,
        parties.record_id is not null as is_vendor_known,
        coalesce(documents.currency, calendar.home_currency) as document_currency
    from documents
    inner join calendar on documents.business_id = calendar.business_id
    left join parties
        on
            documents.business_id = parties.business_id
            and documents.vendor_id = parties.record_id
            and not parties.is_deleted
)

select
    resolved.business_id,
    resolved.connection_id,
    resolved.rail,
    resolved.record_id,
    resolved.change_id,
    resolved.document_number,
    resolved.vendor_id,
    resolved.resolved_vendor_name as vendor_name,
    resolved.is_vendor_known,
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
    resolved.is_deleted,
    resolved.is_voided,
    not resolved.is_deleted and not resolved.is_voided and coalesce(resolved.open_amount, 1) != 0 as is_open,
    resolved.as_of_date,
    {{ qbo_transaction_url('bill', 'resolved.record_id') }} as source_url,
    resolved.created_at,
    resolved.source_updated_at,
    resolved.synced_at
from resolved
