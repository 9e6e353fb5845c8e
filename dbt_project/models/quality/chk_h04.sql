with bills as (
    select * from {{ ref('int_bills') }}
),

invoices as (
    select * from {{ ref('int_invoices') }}
),

documents as (
    select
        bills.business_id,
        bills.rail,
        'bills' as entity,
        bills.record_id,
        bills.total_amount,
        bills.open_amount,
        bills.currency,
        bills.home_open_amount
    from bills
    where not bills.is_deleted and not bills.is_voided

    union all

    select
        invoices.business_id,
        invoices.rail,
        'invoices' as entity,
        invoices.record_id,
        invoices.total_amount,
        invoices.open_amount,
        invoices.currency,
        invoices.home_open_amount
    from invoices
    where not invoices.is_deleted and not invoices.is_voided
)

select
    documents.business_id,
    documents.rail,
    documents.entity,
    documents.record_id,
    documents.total_amount,
    documents.open_amount,
    {{ shown_amount('documents.open_amount', 'documents.currency') }}
    || ' open of ' || {{ shown_amount('documents.total_amount', 'documents.currency') }} as observed,
    documents.home_open_amount as impact_amount
from documents
