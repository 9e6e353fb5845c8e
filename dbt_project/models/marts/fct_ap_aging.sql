with documents as (
    select * from {{ ref('int_ap_open_documents') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
)

select
    documents.business_id,
    documents.rail,
    documents.entity,
    documents.document_type,
    documents.record_id,
    documents.document_number,
    documents.party_id,
    documents.party_name,
    documents.txn_date,
    documents.due_date,
    documents.as_of_date,
    documents.days_past_due,
    documents.bucket,
    documents.open_amount,
    documents.currency,
    documents.original_open_amount,
    documents.original_currency,
    case when documents.open_amount is null then 'no_exchange_rate' end as excluded_reason,
    documents.source_url,
    {{ utc('documents.source_updated_at') }} as source_updated_at,
    documents.rail as rails_used,
    {{ degraded_among('documents.rail', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('documents.synced_at') }} as synced_at
from documents
inner join rail_health on documents.business_id = rail_health.business_id
