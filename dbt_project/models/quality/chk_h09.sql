with invoices as (
    select * from {{ ref('int_invoices') }}
)

select
    invoices.business_id,
    invoices.rail,
    'invoices' as entity,
    invoices.record_id,
    invoices.due_date,
    'no due date, dated ' || {{ shown_date('invoices.txn_date') }} as observed,
    invoices.home_open_amount as impact_amount
from invoices
where invoices.is_open
