with documents as (
    select * from {{ ref('int_ar_open_documents') }}
),

invoices as (
    select * from {{ ref('fct_invoices') }}
),

overdue as (
    select * from {{ ref('int_overdue_invoices') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

customers as (
    select * from {{ ref('stg_qbo__customers') }}
)

select
    documents.business_id,
    documents.rail,
    documents.record_id,
    documents.document_number,
    documents.party_id as customer_id,
    documents.party_name as customer_name,
    customers.email as customer_email,
    documents.txn_date,
    documents.due_date,
    documents.days_past_due,
    documents.bucket,
    documents.open_amount,
    documents.currency,
    documents.original_open_amount,
    documents.original_currency,
    invoices.effective_status,
    invoices.status_source,
    {{ money('overdue.credited_amount') }} as credited_amount,
    {{ money('overdue.asked_amount') }} as asked_amount,
    -- Who has paid is not asked again because the ledger has yet to record it (Stripe) or to apply it, nor for what was given up.
    case
        when overdue.is_paid_on_stripe then 'paid_on_stripe'
        when overdue.is_given_up then 'uncollectible'
        when overdue.asked_amount = 0 then 'covered'
        else 'to_ask'
    end as standing,
    documents.as_of_date,
    documents.source_url,
    invoices.rails_used,
    {{ degraded_among('invoices.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('documents.synced_at') }} as synced_at
from documents
inner join invoices
    on
        documents.business_id = invoices.business_id
        and documents.rail = invoices.rail
        and documents.record_id = invoices.record_id
left join overdue
    on
        documents.business_id = overdue.business_id
        and documents.record_id = overdue.record_id
inner join rail_health on documents.business_id = rail_health.business_id
left join customers
    on
        documents.business_id = customers.business_id
        and documents.party_id = customers.record_id
where
    documents.document_type = 'invoice'
    and documents.original_open_amount > 0
    and documents.days_past_due > 0
