{{ config(materialized='table') }}

with paying_bills as (
    select * from {{ ref('stg_ramp__bills') }}
    where not is_deleted and not is_draft and not is_archived
),

links as (
    select * from {{ ref('int_bill_links') }}
)

select
    paying_bills.business_id,
    paying_bills.record_id as ramp_bill_id,
    links.bill_id,
    links.link_tier,
    paying_bills.change_id,
    paying_bills.payment_method,
    coalesce(paying_bills.payment_date, cast({{ utc('coalesce(paying_bills.paid_at, paying_bills.synced_at)') }} as date)) as payment_date,
    coalesce(paying_bills.payment_amount, paying_bills.total_amount) as amount,
    case
        when paying_bills.payment_amount is not null then coalesce(paying_bills.payment_currency, paying_bills.currency)
        else paying_bills.currency
    end as currency,
    -- What that settles of the bill: all of it, where it was paid in another currency than it is in.
    case
        when coalesce(paying_bills.payment_currency, paying_bills.currency) = paying_bills.currency
            then coalesce(paying_bills.payment_amount, paying_bills.total_amount)
        else paying_bills.total_amount
    end as settled_amount,
    paying_bills.currency as settled_currency,
    paying_bills.status = 'PAID' as is_paid,
    -- Paid since it was first seen so, where the service does not say when.
    case when paying_bills.status = 'PAID' then coalesce(paying_bills.paid_at, paying_bills.synced_at) end as paid_at,
    paying_bills.sync_status = 'BILL_AND_PAYMENT_SYNCED' as is_synced,
    paying_bills.payment_trace_id as trace_id,
    paying_bills.synced_at
from paying_bills
left join links
    on
        paying_bills.business_id = links.business_id
        and paying_bills.record_id = links.ramp_bill_id
where
    (paying_bills.payment_date is not null or paying_bills.status = 'PAID')
    -- Of what is marked there as paid by hand or by credits, the service has only been told.
    and coalesce(paying_bills.payment_method, '') not in ('PAID_MANUALLY', 'VENDOR_CREDIT')
