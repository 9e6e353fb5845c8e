{{ config(materialized='table') }}

with ramp_bills as (
    select
        bills.*,
        {{ sent_date('bills') }} as sent_date
    from {{ ref('stg_ramp__bills') }} as bills
    where not bills.is_deleted and not bills.is_draft and not bills.is_archived
),

links as (
    select * from {{ ref('int_bill_links') }}
),

versions as (
    select * from {{ ref('stg_record_versions') }}
    where rail = 'ramp' and entity = 'bills'
),

-- Ramp's `paid_at` is when the bill became paid. Where a paid bill lacks it, the change log has when it was read as paid.
untimed as (
    select
        versions.business_id,
        versions.record_id,
        versions.observed_at,
        coalesce((versions.payload ->> 'status') = 'PAID', false) as is_paid
    from versions
    semi join ramp_bills
        on
            versions.business_id = ramp_bills.business_id
            and versions.record_id = ramp_bills.record_id
            and ramp_bills.status = 'PAID'
            and ramp_bills.paid_at is null
),

last_unpaid as (
    select
        untimed.business_id,
        untimed.record_id,
        max(untimed.observed_at) as unpaid_at
    from untimed
    where not untimed.is_paid
    group by untimed.business_id, untimed.record_id
),

-- Since when it is paid without a break.
first_paid as (
    select
        untimed.business_id,
        untimed.record_id,
        any_value(last_unpaid.unpaid_at) as unpaid_at,
        min(untimed.observed_at) as paid_at
    from untimed
    left join last_unpaid
        on
            untimed.business_id = last_unpaid.business_id
            and untimed.record_id = last_unpaid.record_id
    where untimed.is_paid and (last_unpaid.unpaid_at is null or untimed.observed_at > last_unpaid.unpaid_at)
    group by untimed.business_id, untimed.record_id
),

-- Between the last reading as unpaid and the first as paid, if it was sent before both; else nobody looked while it was paid, and the
-- day on which it was sent says more than the day on which somebody did.
paying_bills as (
    select
        ramp_bills.*,
        case
            when coalesce(ramp_bills.status, '') != 'PAID' then null
            when ramp_bills.paid_at is not null then 'told'
            when first_paid.unpaid_at >= timezone('UTC', cast(ramp_bills.sent_date as timestamp)) then 'seen'
            when timezone('UTC', cast(ramp_bills.sent_date as timestamp)) <= coalesce(first_paid.paid_at, ramp_bills.synced_at) then 'sent'
            else 'seen'
        end as paid_at_source,
        coalesce(first_paid.paid_at, ramp_bills.synced_at) as seen_paid_at
    from ramp_bills
    left join first_paid
        on
            ramp_bills.business_id = first_paid.business_id
            and ramp_bills.record_id = first_paid.record_id
),

timed as (
    select
        paying_bills.* replace (
            case paying_bills.paid_at_source
                when 'told' then paying_bills.paid_at
                when 'seen' then paying_bills.seen_paid_at
                when 'sent' then timezone('UTC', cast(paying_bills.sent_date as timestamp))
            end as paid_at
        )
    from paying_bills
)

select
    timed.business_id,
    timed.record_id as ramp_bill_id,
    links.bill_id,
    links.link_tier,
    timed.change_id,
    timed.payment_method,
    coalesce(timed.sent_date, cast({{ utc('timed.paid_at') }} as date)) as payment_date,
    coalesce(timed.payment_amount, timed.total_amount) as amount,
    case
        when timed.payment_amount is not null then coalesce(timed.payment_currency, timed.currency)
        else timed.currency
    end as currency,
    -- What that settles of the bill: all of it, where it was paid in another currency than it is in.
    case
        when coalesce(timed.payment_currency, timed.currency) = timed.currency then coalesce(timed.payment_amount, timed.total_amount)
        else timed.total_amount
    end as settled_amount,
    timed.currency as settled_currency,
    timed.status = 'PAID' as is_paid,
    timed.paid_at,
    timed.paid_at_source,
    timed.sync_status = 'BILL_AND_PAYMENT_SYNCED' as is_synced,
    timed.payment_trace_id as trace_id,
    timed.synced_at
from timed
left join links
    on
        timed.business_id = links.business_id
        and timed.record_id = links.ramp_bill_id
where
    (timed.sent_date is not null or timed.status = 'PAID')
    -- Of what is marked there as paid by hand or by credits, the service has only been told.
    and coalesce(timed.payment_method, '') not in ('PAID_MANUALLY', 'VENDOR_CREDIT')
