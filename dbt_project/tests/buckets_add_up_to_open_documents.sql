{#- Our own arithmetic: what the aging shows per business and document type is what the documents themselves have open. -#}
{{ config(meta={'dagster': {'ref': {'name': 'fct_ap_aging'}}}) }}

with aged as (
    select
        business_id,
        document_type,
        sum(open_amount) as aged_amount
    from {{ ref('fct_ap_aging') }}
    where document_type = 'bill'
    group by business_id, document_type

    union all

    select
        business_id,
        document_type,
        sum(open_amount) as aged_amount
    from {{ ref('fct_ar_aging') }}
    where document_type = 'invoice'
    group by business_id, document_type
),

open_documents as (
    select
        business_id,
        'bill' as document_type,
        sum(home_open_amount) as open_amount
    from {{ ref('fct_bills') }}
    where is_open
    group by business_id

    union all

    select
        business_id,
        'invoice' as document_type,
        sum(home_open_amount) as open_amount
    from {{ ref('fct_invoices') }}
    where is_open
    group by business_id
)

select
    coalesce(aged.business_id, open_documents.business_id) as business_id,
    coalesce(aged.document_type, open_documents.document_type) as document_type,
    aged.aged_amount,
    open_documents.open_amount
from aged
full join open_documents
    on
        aged.business_id = open_documents.business_id
        and aged.document_type = open_documents.document_type
where coalesce(aged.aged_amount, 0) != coalesce(open_documents.open_amount, 0)
