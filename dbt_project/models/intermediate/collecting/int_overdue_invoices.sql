with invoices as (
    select * from {{ ref('int_invoices') }}
    where is_open and open_amount > 0 and days_past_due > 0
),

collected as (
    select * from {{ ref('int_stripe_invoices') }}
    where is_stripes_word and collection_status = 'paid'
),

credits as (
    select * from {{ ref('int_customer_credits') }}
),

overdue as (
    select
        invoices.business_id,
        invoices.record_id,
        invoices.customer_id,
        invoices.due_date,
        invoices.home_open_amount,
        invoices.is_without_rate,
        collected.qbo_invoice_id is not null as is_paid_on_stripe
    from invoices
    left join collected
        on
            invoices.business_id = collected.business_id
            and invoices.record_id = collected.qbo_invoice_id
),

-- A credit stands for the oldest of what a customer would be asked for; the ledger leaves open which invoice it is for.
credited as (
    select
        overdue.business_id,
        overdue.record_id,
        least(overdue.home_open_amount, {{ floor_zero('(
            coalesce(credits.unapplied_amount, 0) + coalesce(credits.credit_amount, 0) - coalesce(sum(overdue.home_open_amount) over earlier, 0)
        )') }}) as credited_amount
    from overdue
    inner join credits
        on
            overdue.business_id = credits.business_id
            and overdue.customer_id = credits.customer_id
    where overdue.home_open_amount > 0 and not overdue.is_paid_on_stripe
    window earlier as (
        partition by overdue.business_id, overdue.customer_id
        order by overdue.due_date asc, overdue.record_id asc
        rows between unbounded preceding and 1 preceding
    )
)

select
    overdue.business_id,
    overdue.record_id,
    overdue.customer_id,
    overdue.due_date,
    overdue.home_open_amount,
    overdue.is_without_rate,
    overdue.is_paid_on_stripe,
    coalesce(credited.credited_amount, 0) as credited_amount,
    case when overdue.is_paid_on_stripe then 0 else overdue.home_open_amount - coalesce(credited.credited_amount, 0) end as asked_amount
from overdue
left join credited
    on
        overdue.business_id = credited.business_id
        and overdue.record_id = credited.record_id
