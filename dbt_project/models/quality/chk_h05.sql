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
        bills.txn_date,
        bills.due_date,
        bills.home_open_amount
    from bills
    where not bills.is_deleted and not bills.is_voided

    union all

    select
        invoices.business_id,
        invoices.rail,
        'invoices' as entity,
        invoices.record_id,
        invoices.txn_date,
        invoices.due_date,
        invoices.home_open_amount
    from invoices
    where not invoices.is_deleted and not invoices.is_voided
)

select
    documents.business_id,
    documents.rail,
    documents.entity,
    documents.record_id,
    documents.txn_date,
    documents.due_date,
    'dated ' || {{ shown_date('documents.txn_date') }} || ', due ' || {{ shown_date('documents.due_date') }} as observed,
    documents.home_open_amount as impact_amount
from documents
