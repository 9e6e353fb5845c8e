{#- An invoice is paid on the day of the payment that settled it; how long it took tells of habits of the last year alone. -#}

with invoices as (
    select * from {{ ref('int_invoices') }}
    where not is_deleted and not is_voided
),

overdue as (
    select * from {{ ref('int_overdue_invoices') }}
),

payment_lines as (
    select * from {{ ref('stg_qbo__payment_lines') }}
    where linked_txn_type = 'Invoice' and not is_deleted and not is_voided
),

settled as (
    select
        payment_lines.business_id,
        payment_lines.linked_txn_id as invoice_id,
        max(payment_lines.txn_date) as paid_date
    from payment_lines
    group by payment_lines.business_id, payment_lines.linked_txn_id
)

select
    invoices.business_id,
    invoices.rail,
    invoices.record_id,
    invoices.customer_id,
    invoices.document_number,
    invoices.customer_name,
    invoices.as_of_date,
    invoices.currency,
    invoices.home_total_amount,
    invoices.home_open_amount,
    invoices.is_without_rate,
    invoices.is_open,
    invoices.due_date,
    invoices.txn_date,
    overdue.record_id is not null as is_overdue,
    coalesce(overdue.is_paid_on_stripe, false) as is_paid_on_stripe,
    coalesce(overdue.is_given_up, false) as is_given_up,
    overdue.given_up_amount,
    case when overdue.is_paid_on_stripe then invoices.home_open_amount else overdue.collected_amount end as collected_amount,
    overdue.credited_amount,
    overdue.asked_amount,
    settled.paid_date,
    case when not invoices.is_open and settled.paid_date > invoices.as_of_date - 365 then settled.paid_date - invoices.txn_date end
        as days_to_pay,
    case when not invoices.is_open and settled.paid_date > invoices.as_of_date - 365 then settled.paid_date - invoices.due_date end
        as days_late
from invoices
left join settled
    on
        invoices.business_id = settled.business_id
        and invoices.record_id = settled.invoice_id
left join overdue
    on
        invoices.business_id = overdue.business_id
        and invoices.record_id = overdue.record_id
where invoices.customer_id is not null
