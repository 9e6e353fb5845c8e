with invoices as (
    select * from {{ ref('int_invoices') }}
)

select
    invoices.business_id,
    invoices.rail,
    'invoices' as entity,
    invoices.record_id,
    invoices.days_past_due,
    -- The day, not how long ago it was: what was observed stays the same until somebody changes it.
    'due ' || {{ shown_date('invoices.due_date') }} || ', ' || {{ shown_amount('invoices.open_amount', 'invoices.currency') }} || ' open' as observed,
    invoices.home_open_amount as impact_amount
from invoices
where invoices.is_open and invoices.open_amount > 0
