{{ config(materialized='table') }}

with events as (
    select * from {{ ref('int_money_events') }}
),

sides as (
    select * from {{ ref('int_match_sides') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

matched as (
    select distinct
        sides.business_id,
        sides.event_id
    from sides
    where sides.is_matched and sides.pair in ('charge', 'invoice')
),

-- Payments of the ledger on the accounts to which the processor's charges go: most of what lies there is a charge, from the first on.
processor_accounts as (
    select
        events.business_id,
        events.account_id,
        min(events.event_date) filter (matched.event_id is not null) as first_date
    from events
    left join matched
        on
            events.business_id = matched.business_id
            and events.event_id = matched.event_id
    where events.role = 'ledger_receipt'
    group by events.business_id, events.account_id
    having count(matched.event_id) * 2 > count(*)
),

-- Customers who are billed through the processor: four of five invoices, and three at least.
processor_customers as (
    select
        events.business_id,
        events.party_key,
        min(events.event_date) filter (matched.event_id is not null) as first_date
    from events
    left join matched
        on
            events.business_id = matched.business_id
            and events.event_id = matched.event_id
    where events.role = 'ledger_invoice' and events.party_key is not null
    group by events.business_id, events.party_key
    having count(matched.event_id) >= 3 and count(matched.event_id) * 5 >= count(*) * 4
),

-- Of what customers owe and pay, that which both the processor and the books should have. What was given back needs no payment.
expected as (
    select
        events.business_id,
        events.event_id
    from events
    where events.role in ('charge', 'stripe_invoice') and not events.is_undone

    union all

    select
        events.business_id,
        events.event_id
    from events
    inner join processor_accounts
        on
            events.business_id = processor_accounts.business_id
            and events.account_id = processor_accounts.account_id
            and events.event_date >= processor_accounts.first_date
    where events.role = 'ledger_receipt'

    union all

    select
        events.business_id,
        events.event_id
    from events
    inner join processor_customers
        on
            events.business_id = processor_customers.business_id
            and events.party_key = processor_customers.party_key
            and events.event_date >= processor_customers.first_date
    where events.role = 'ledger_invoice'
)

select
    events.business_id,
    events.event_id,
    case
        when calendar.as_of_date - events.event_date <= 30 then 'timing'
        when events.role = 'ledger_receipt' then 'paid_without_money'
        else 'no_match'
    end as kind,
    case events.role
        when 'charge' then 'taken by the card processor, and the books have no payment for it'
        when 'stripe_invoice' then 'billed through the card processor, and the books have no such invoice'
        when 'ledger_receipt' then 'recorded as paid through the card processor, which shows no charge for it'
        else 'this customer is billed through the card processor, which has no such invoice'
    end || case when calendar.as_of_date - events.event_date <= 30 then ' yet' else '' end as reason
from events
inner join calendar on events.business_id = calendar.business_id
inner join expected
    on
        events.business_id = expected.business_id
        and events.event_id = expected.event_id
-- What is matched, or could as well be exchanged, has its counterpart.
anti join sides
    on
        events.business_id = sides.business_id
        and events.event_id = sides.event_id
        and sides.pair in ('charge', 'invoice')
where events.amount != 0
