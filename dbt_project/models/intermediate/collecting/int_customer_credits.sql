with documents as (
    select * from {{ ref('int_ar_open_documents') }}
    where document_type != 'invoice'
),

collected as (
    select * from {{ ref('int_stripe_invoices') }}
    where is_stripes_word and collection_status = 'paid'
),

asked as (
    {{ charged_invoices() }}
),

matches as (
    select * from {{ ref('int_matches') }}
    where pair = 'charge' and tier = 'auto' and right_entity = 'payments'
),

-- The ledger's payments that paid an invoice on Stripe: that invoice counts as paid already.
stripe_payments as (
    select distinct
        matches.business_id,
        matches.right_id as payment_id
    from collected
    inner join asked
        on
            collected.business_id = asked.business_id
            and collected.connection_id = asked.connection_id
            and collected.stripe_invoice_id = asked.invoice_id
    inner join matches
        on
            asked.business_id = matches.business_id
            and asked.charge_id = matches.left_id
)

select
    documents.business_id,
    documents.party_id as customer_id,
    {{ known_total('-documents.open_amount', "documents.document_type = 'payment'") }} as unapplied_amount,
    {{ known_total('-documents.open_amount', "documents.document_type = 'credit_memo'") }} as credit_amount,
    list(distinct documents.original_currency) filter (documents.open_amount is null) as excluded_currencies
from documents
left join stripe_payments
    on
        documents.business_id = stripe_payments.business_id
        and documents.record_id = stripe_payments.payment_id
        and documents.document_type = 'payment'
where documents.party_id is not null and stripe_payments.payment_id is null
group by documents.business_id, documents.party_id
