with invoices as (
    select * from {{ ref('int_invoices') }}
    where is_open and open_amount > 0 and days_past_due > 0
),

collected as (
    select * from {{ ref('int_stripe_invoices') }}
    where is_collected or is_given_up
),

-- What is there already of an invoice, or given up, is not expected any more, and not asked for.
expected as (
    select * from {{ ref('int_forecast_documents') }}
    where side = 'receivable' and weeks_ago = 0
),

overdue as (
    select
        invoices.business_id,
        invoices.record_id,
        invoices.customer_id,
        invoices.due_date,
        invoices.home_open_amount,
        invoices.is_without_rate,
        coalesce(collected.is_collected, false) as is_paid_on_stripe,
        coalesce(collected.is_given_up, false) as is_given_up,
        least(invoices.home_open_amount, coalesce(expected.collected_amount, 0)) as collected_amount,
        least(invoices.home_open_amount, coalesce(expected.credited_amount, 0)) as credited_amount
    from invoices
    left join collected
        on
            invoices.business_id = collected.business_id
            and invoices.record_id = collected.qbo_invoice_id
    left join expected
        on
            invoices.business_id = expected.business_id
            and invoices.record_id = expected.record_id
)

select
    overdue.business_id,
    overdue.record_id,
    overdue.customer_id,
    overdue.due_date,
    overdue.home_open_amount,
    overdue.is_without_rate,
    overdue.is_paid_on_stripe,
    overdue.is_given_up,
    overdue.collected_amount,
    overdue.credited_amount,
    case when overdue.is_given_up then overdue.home_open_amount - overdue.collected_amount else 0 end as given_up_amount,
    case
        when overdue.is_paid_on_stripe or overdue.is_given_up then 0
        else overdue.home_open_amount - overdue.collected_amount - overdue.credited_amount
    end as asked_amount
from overdue
