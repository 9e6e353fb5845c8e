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

collected as (
    select * from {{ ref('int_stripe_invoices') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

settled as (
    select
        documents.*,
        collected.stripe_invoice_id,
        collected.change_id as stripe_change_id,
        case when collected.is_stripes_word then collected.collection_status else documents.status end as effective_status,
        case when collected.is_stripes_word then collected.rail else documents.rail end as status_source,
        {{ utc('case when collected.is_stripes_word then collected.stated_at else documents.source_updated_at end') }} as status_as_of,
        concat_ws(',', documents.rail, collected.rail) as rails_used
    from documents
    left join collected
        on
            documents.business_id = collected.business_id
            and documents.record_id = collected.qbo_invoice_id
)

select
    settled.business_id,
    settled.rail,
    settled.record_id,
    settled.change_id,
    settled.document_number,
    settled.customer_id,
    settled.customer_name,
    settled.terms_id,
    settled.txn_date,
    settled.due_date,
    settled.total_amount,
    settled.open_amount,
    settled.currency,
    settled.home_total_amount,
    settled.home_open_amount,
    settled.home_currency,
    settled.status,
    settled.effective_status,
    settled.status_source,
    settled.status_as_of,
    settled.stripe_invoice_id,
    settled.stripe_change_id,
    settled.corrected_fields,
    settled.is_open,
    settled.is_voided,
    settled.is_deleted,
    settled.source_url,
    {{ utc('settled.created_at') }} as created_at,
    {{ utc('settled.source_updated_at') }} as source_updated_at,
    settled.rails_used,
    {{ degraded_among('settled.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('settled.synced_at') }} as synced_at
from settled
inner join rail_health on settled.business_id = rail_health.business_id
{% if is_incremental() and has_columns(this, ['corrected_fields', 'stripe_change_id']) -%}
-- Nothing in a row depends on the day, so only rows made from another version, name, currency or word of Stripe's are written again.
left join {{ this }} as present
    on
        settled.business_id = present.business_id
        and settled.rail = present.rail
        and settled.record_id = present.record_id
where
    settled.change_id is distinct from present.change_id
    or settled.customer_name is distinct from present.customer_name
    or settled.customer_id is distinct from present.customer_id
    or settled.due_date is distinct from present.due_date
    or settled.corrected_fields is distinct from present.corrected_fields
    or settled.home_currency is distinct from present.home_currency
    or settled.stripe_change_id is distinct from present.stripe_change_id
    or settled.effective_status is distinct from present.effective_status
    or settled.status_as_of is distinct from present.status_as_of
    or {{ degraded_among('settled.rails_used', 'rail_health.degraded_rails') }} is distinct from present.degraded_rails
{%- endif %}
