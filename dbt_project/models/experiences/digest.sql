with businesses as (
    select * from {{ ref('dim_business') }}
),

runway as (
    select * from {{ ref('fct_runway_daily') }}
),

payment_ready as (
    select * from {{ ref('fct_payment_ready_bills') }}
),

overdue as (
    select * from {{ ref('fct_overdue_invoices') }}
),

bills as (
    select * from {{ ref('fct_bills') }}
),

invoices as (
    select * from {{ ref('fct_invoices') }}
),

ready_lists as (
    select
        payment_ready.business_id,
        count(*) as ready_count,
        sum(payment_ready.home_open_amount) as ready_amount,
        list({
            'record_id': payment_ready.record_id,
            'document_number': payment_ready.document_number,
            'vendor_id': payment_ready.vendor_id,
            'vendor_name': payment_ready.vendor_name,
            'due_date': payment_ready.due_date,
            'days_past_due': payment_ready.days_past_due,
            'open_amount': payment_ready.open_amount,
            'currency': payment_ready.currency,
            'home_open_amount': payment_ready.home_open_amount,
            'source_url': payment_ready.source_url
        } order by payment_ready.due_date asc, payment_ready.record_id asc) as documents
    from payment_ready
    where payment_ready.is_payment_ready
    group by payment_ready.business_id
),

late as (
    select
        overdue.business_id,
        overdue.record_id,
        overdue.days_past_due,
        overdue.open_amount,
        overdue.asked_amount,
        overdue.standing,
        {
            'record_id': overdue.record_id,
            'document_number': overdue.document_number,
            'customer_id': overdue.customer_id,
            'customer_name': overdue.customer_name,
            'due_date': overdue.due_date,
            'days_past_due': overdue.days_past_due,
            'open_amount': overdue.open_amount,
            'asked_amount': overdue.asked_amount,
            'currency': overdue.currency,
            'source_url': overdue.source_url
        } as document
    from overdue
),

overdue_lists as (
    select
        late.business_id,
        count(*) as overdue_count,
        {{ known_total('late.open_amount', 'true') }} as overdue_amount,
        list(late.document order by late.days_past_due desc, late.record_id asc) as documents,
        count(*) filter (late.standing = 'to_ask') as asked_count,
        {{ known_total('late.asked_amount', "late.standing = 'to_ask'") }} as asked_amount,
        list(late.document order by late.days_past_due desc, late.record_id asc) filter (late.standing = 'to_ask') as asked_documents,
        count(*) filter (late.standing in ('paid_on_stripe', 'covered')) as paid_count,
        {{ known_total('late.open_amount', "late.standing in ('paid_on_stripe', 'covered')") }} as paid_amount,
        list(late.document order by late.days_past_due desc, late.record_id asc) filter (late.standing in ('paid_on_stripe', 'covered')) as paid_documents,
        count(*) filter (late.standing = 'uncollectible') as uncollectible_count,
        {{ known_total('late.open_amount', "late.standing = 'uncollectible'") }} as uncollectible_amount,
        list(late.document order by late.days_past_due desc, late.record_id asc) filter (late.standing = 'uncollectible')
            as uncollectible_documents
    from late
    group by late.business_id
),

-- The ledger's side of the digest: what is open, and what was dated in the last 90 days; and what a person entered, until the ledger
-- has it for sure.
bill_lists as (
    select
        bills.business_id,
        list({
            'record_id': bills.record_id,
            'document_number': bills.document_number,
            'vendor_id': bills.vendor_id,
            'vendor_name': bills.vendor_name,
            'txn_date': bills.txn_date,
            'due_date': bills.due_date,
            'total_amount': bills.total_amount,
            'open_amount': bills.open_amount,
            'currency': bills.currency,
            'status': bills.effective_status
        } order by bills.txn_date asc, bills.record_id asc) as documents
    from bills
    inner join businesses on bills.business_id = businesses.business_id
    where (not bills.is_deleted or bills.status = 'in_doubt') and (bills.is_open or bills.status = 'in_doubt' or bills.txn_date > businesses.as_of_date - 90)
    group by bills.business_id
),

invoice_lists as (
    select
        invoices.business_id,
        list({
            'record_id': invoices.record_id,
            'document_number': invoices.document_number,
            'customer_id': invoices.customer_id,
            'customer_name': invoices.customer_name,
            'txn_date': invoices.txn_date,
            'due_date': invoices.due_date,
            'total_amount': invoices.total_amount,
            'open_amount': invoices.open_amount,
            'currency': invoices.currency,
            'status': invoices.effective_status
        } order by invoices.txn_date asc, invoices.record_id asc) as documents
    from invoices
    inner join businesses on invoices.business_id = businesses.business_id
    where not invoices.is_deleted and (invoices.is_open or invoices.txn_date > businesses.as_of_date - 90)
    group by invoices.business_id
)

select
    businesses.business_id,
    businesses.business_name,
    businesses.as_of_date,
    runway.currency,
    runway.cash,
    runway.runway_days,
    runway.buffer_days,
    runway.runway_status,
    coalesce(ready_lists.ready_count, 0) as payment_ready_count,
    {{ money('case when ready_lists.business_id is null then 0 else ready_lists.ready_amount end') }} as payment_ready_amount,
    coalesce(overdue_lists.overdue_count, 0) as overdue_invoice_count,
    {{ money('case when overdue_lists.business_id is null then 0 else overdue_lists.overdue_amount end') }} as overdue_invoice_amount,
    coalesce(overdue_lists.asked_count, 0) as overdue_asked_count,
    {{ money('case when overdue_lists.business_id is null then 0 else overdue_lists.asked_amount end') }} as overdue_asked_amount,
    coalesce(overdue_lists.paid_count, 0) as overdue_paid_count,
    {{ money('case when overdue_lists.business_id is null then 0 else overdue_lists.paid_amount end') }} as overdue_paid_amount,
    coalesce(overdue_lists.uncollectible_count, 0) as overdue_uncollectible_count,
    {{ money('case when overdue_lists.business_id is null then 0 else overdue_lists.uncollectible_amount end') }}
        as overdue_uncollectible_amount,
    cast(to_json(coalesce(ready_lists.documents, [])) as varchar) as payment_ready_bills,
    cast(to_json(coalesce(overdue_lists.documents, [])) as varchar) as overdue_invoices,
    cast(to_json(coalesce(overdue_lists.asked_documents, [])) as varchar) as overdue_asked_invoices,
    cast(to_json(coalesce(overdue_lists.paid_documents, [])) as varchar) as overdue_paid_invoices,
    cast(to_json(coalesce(overdue_lists.uncollectible_documents, [])) as varchar) as overdue_uncollectible_invoices,
    cast(to_json(coalesce(bill_lists.documents, [])) as varchar) as bills_data,
    cast(to_json(coalesce(invoice_lists.documents, [])) as varchar) as invoices_data,
    businesses.as_of,
    businesses.rails_used,
    businesses.degraded_rails,
    businesses.synced_at
from businesses
left join runway
    on
        businesses.business_id = runway.business_id
        and businesses.as_of_date = runway.as_of_date
left join ready_lists on businesses.business_id = ready_lists.business_id
left join overdue_lists on businesses.business_id = overdue_lists.business_id
left join bill_lists on businesses.business_id = bill_lists.business_id
left join invoice_lists on businesses.business_id = invoice_lists.business_id
