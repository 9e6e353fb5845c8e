with mirror as (
    select * from {{ ref('stg_qbo__bills') }}
),

corrections as (
    select * from {{ ref('int_corrections') }}
    where entity = 'bills'
),

parties as (
    select * from {{ ref('stg_qbo__vendors') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

executed as (
    select * from {{ ref('int_ramp_bills') }}
),

documents as (
    {{ corrected_documents(['due_date', 'vendor_id']) }}
),

resolved as (
    select
        documents.*,
        calendar.home_currency,
        calendar.as_of_date,
        coalesce(parties.vendor_name, documents.vendor_name) as resolved_vendor_name,
        parties.record_id is not null as is_vendor_known,
        coalesce(documents.currency, calendar.home_currency) as document_currency,
        {{ ledger_status('documents.is_deleted', 'documents.is_voided', 'documents.total_amount', 'documents.open_amount') }} as status,
        executed.ramp_bill_id,
        executed.change_id as ramp_change_id,
        executed.approval_status,
        executed.execution_status,
        executed.payment_date,
        executed.synced_at as execution_as_of
    from documents
    inner join calendar on documents.business_id = calendar.business_id
    left join parties
        on
            documents.business_id = parties.business_id
            and documents.vendor_id = parties.record_id
            and not parties.is_deleted
    left join executed
        on
            documents.business_id = executed.business_id
            and documents.record_id = executed.qbo_bill_id
),

-- Ramp's word on approval and payment wins, save over the ledger's that the bill is no more.
settled as (
    select
        resolved.*,
        resolved.execution_status is not null and resolved.status not in ('deleted', 'voided') as is_ramps_word
    from resolved
)

select
    settled.business_id,
    settled.connection_id,
    settled.rail,
    settled.record_id,
    settled.change_id,
    settled.document_number,
    settled.vendor_id,
    settled.resolved_vendor_name as vendor_name,
    settled.is_vendor_known,
    settled.terms_id,
    settled.private_note,
    settled.txn_date,
    settled.due_date,
    settled.total_amount,
    settled.open_amount,
    settled.document_currency as currency,
    settled.exchange_rate,
    settled.home_currency,
    {{ home_amount('settled.total_amount', 'settled.document_currency', 'settled.home_currency', 'settled.exchange_rate') }}
        as home_total_amount,
    {{ home_amount('settled.open_amount', 'settled.document_currency', 'settled.home_currency', 'settled.exchange_rate') }}
        as home_open_amount,
    settled.document_currency != settled.home_currency and coalesce(settled.exchange_rate, 0) <= 0 as is_without_rate,
    settled.as_of_date - settled.due_date as days_past_due,
    settled.status,
    case when settled.is_ramps_word then settled.execution_status else settled.status end as effective_status,
    case when settled.is_ramps_word then 'ramp' else settled.rail end as status_source,
    case when settled.is_ramps_word then settled.execution_as_of else settled.source_updated_at end as status_as_of,
    settled.ramp_bill_id,
    settled.ramp_change_id,
    settled.approval_status,
    settled.payment_date,
    case when settled.ramp_bill_id is null then settled.rail else settled.rail || ',ramp' end as rails_used,
    settled.corrected_fields,
    settled.is_deleted,
    settled.is_voided,
    not settled.is_deleted and not settled.is_voided and coalesce(settled.open_amount, 1) != 0 as is_open,
    settled.as_of_date,
    {{ qbo_transaction_url('bill', 'settled.record_id') }} as source_url,
    settled.created_at,
    settled.source_updated_at,
    settled.synced_at
from settled
