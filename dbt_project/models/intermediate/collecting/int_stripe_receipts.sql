with collected as (
    select * from {{ ref('int_stripe_invoices') }}
    where collected_share > 0
),

asked as (
    {{ charged_invoices() }}
),

matches as (
    select * from {{ ref('int_matches') }}
    where pair = 'charge' and tier = 'auto' and right_entity = 'payments'
)

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
