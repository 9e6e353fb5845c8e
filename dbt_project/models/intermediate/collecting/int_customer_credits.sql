with documents as (
    select * from {{ ref('int_ar_open_documents') }}
    where document_type != 'invoice'
),

stripe_receipts as (
    select * from {{ ref('int_stripe_receipts') }}
)

select
    documents.business_id,
    documents.party_id as customer_id,
    {{ known_total('-documents.open_amount', "documents.document_type = 'payment'") }} as unapplied_amount,
    {{ known_total('-documents.open_amount', "documents.document_type = 'credit_memo'") }} as credit_amount,
    list(distinct documents.original_currency) filter (documents.open_amount is null) as excluded_currencies
from documents
anti join stripe_receipts
    on
        documents.business_id = stripe_receipts.business_id
        and {{ key_where('documents.record_id', "documents.document_type = 'payment'") }} = stripe_receipts.payment_id
where documents.party_id is not null
group by documents.business_id, documents.party_id
