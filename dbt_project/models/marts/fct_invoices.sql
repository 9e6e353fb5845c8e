{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['business_id', 'rail', 'record_id'],
    on_schema_change='append_new_columns',
    post_hook='{{ forget_departed_businesses() }}',
) }}

with documents as (
    select * from {{ ref('int_invoices') }}
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
    documents.customer_id,
    documents.customer_name,
    documents.terms_id,
    documents.txn_date,
    documents.due_date,
    documents.total_amount,
    documents.open_amount,
    documents.currency,
    documents.home_total_amount,
    documents.home_open_amount,
    documents.home_currency,
    documents.status,
    -- Stripe names no invoice of the ledger, so the ledger's word stands until the two are matched.
    documents.status as effective_status,
    documents.rail as status_source,
    {{ utc('documents.source_updated_at') }} as status_as_of,
    documents.corrected_fields,
    documents.is_open,
    documents.is_voided,
    documents.is_deleted,
    documents.source_url,
    {{ utc('documents.created_at') }} as created_at,
    {{ utc('documents.source_updated_at') }} as source_updated_at,
    documents.rail as rails_used,
    {{ degraded_among('documents.rail', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('documents.synced_at') }} as synced_at
from documents
inner join rail_health on documents.business_id = rail_health.business_id
{% if is_incremental() and has_columns(this, ['corrected_fields']) -%}
-- Nothing in a row depends on the day, so only rows made from another version, name or currency are written again.
left join {{ this }} as present
    on
        documents.business_id = present.business_id
        and documents.rail = present.rail
        and documents.record_id = present.record_id
where
    documents.change_id is distinct from present.change_id
    or documents.customer_name is distinct from present.customer_name
    or documents.customer_id is distinct from present.customer_id
    or documents.due_date is distinct from present.due_date
    or documents.corrected_fields is distinct from present.corrected_fields
    or documents.home_currency is distinct from present.home_currency
    or {{ degraded_among('documents.rail', 'rail_health.degraded_rails') }} is distinct from present.degraded_rails
{%- endif %}
