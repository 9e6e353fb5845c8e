{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['business_id', 'rail', 'record_id'],
    on_schema_change='append_new_columns',
    post_hook='{{ forget_departed_businesses() }}',
) }}

with documents as (
    select * from {{ ref('int_bills') }}
),

categories as (
    select * from {{ ref('int_bill_categories') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
)

select
    documents.business_id,
    documents.rail,
    documents.record_id,
    documents.change_id,
    documents.document_number,
    documents.vendor_id,
    documents.vendor_name,
    documents.terms_id,
    categories.account_id as category_account_id,
    categories.account_name as category_name,
    documents.txn_date,
    documents.due_date,
    documents.total_amount,
    documents.open_amount,
    documents.currency,
    documents.home_total_amount,
    documents.home_open_amount,
    documents.home_currency,
    documents.status,
    documents.effective_status,
    documents.status_source,
    {{ utc('documents.status_as_of') }} as status_as_of,
    documents.approval_status,
    documents.payment_date,
    documents.ramp_bill_id,
    documents.ramp_change_id,
    documents.corrected_fields,
    documents.entered_by,
    documents.ledger_bill_id,
    documents.is_open,
    documents.is_voided,
    documents.is_deleted,
    documents.source_url,
    {{ utc('documents.created_at') }} as created_at,
    {{ utc('documents.source_updated_at') }} as source_updated_at,
    documents.rails_used,
    {{ degraded_among('documents.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('documents.synced_at') }} as synced_at
from documents
inner join rail_health on documents.business_id = rail_health.business_id
left join categories
    on
        documents.business_id = categories.business_id
        and documents.record_id = categories.bill_id
{% if is_incremental() and has_columns(this, ['category_account_id', 'category_name', 'corrected_fields', 'entered_by']) -%}
-- Nothing in a row depends on the day, so only rows made from another version, name or currency are written again.
left join {{ this }} as present
    on
        documents.business_id = present.business_id
        and documents.rail = present.rail
        and documents.record_id = present.record_id
where
    documents.change_id is distinct from present.change_id
    or documents.status is distinct from present.status
    or documents.ledger_bill_id is distinct from present.ledger_bill_id
    or documents.vendor_name is distinct from present.vendor_name
    or documents.vendor_id is distinct from present.vendor_id
    or documents.due_date is distinct from present.due_date
    or documents.corrected_fields is distinct from present.corrected_fields
    or documents.home_currency is distinct from present.home_currency
    or categories.account_id is distinct from present.category_account_id
    or categories.account_name is distinct from present.category_name
    or documents.ramp_change_id is distinct from present.ramp_change_id
    or {{ degraded_among('documents.rails_used', 'rail_health.degraded_rails') }} is distinct from present.degraded_rails
{%- endif %}
