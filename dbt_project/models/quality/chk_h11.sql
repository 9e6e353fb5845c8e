with invoices as (
    select * from {{ ref('int_invoices') }}
)

select
    invoices.business_id,
    invoices.rail,
    'invoices' as entity,
    invoices.record_id,
    invoices.home_open_amount as open_amount,
    {{ shown_amount('invoices.open_amount', 'invoices.currency') }} || ' open' as observed,
    invoices.home_open_amount as impact_amount
from invoices
where invoices.is_open and invoices.open_amount > 0
