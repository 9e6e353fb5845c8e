{{ config(materialized='table') }}

with events as (
    select * from {{ ref('int_money_events') }}
    where amount != 0
),

sides as (
    select * from {{ ref('int_match_sides') }}
),

payouts as (
    select * from {{ ref('fct_payout_recon') }}
),

custody as (
    select * from {{ ref('int_bill_custody') }}
    where bill_payment_id is not null
),

ramp_bills as (
    select * from {{ ref('stg_ramp__bills') }}
),

reimbursements as (
    select * from {{ ref('stg_ramp__reimbursements') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

-- What the bank does not show on days on which it was not seen, nobody can tell.
bank_seen as (
    select * from {{ ref('int_bank_seen') }}
),

any_bank as (
    select * from bank_seen
    where account_id = 'any'
),

-- Payments of the ledger's whose money is known by the bills they pay: drawn by the payment service, be it with others' that cannot be
-- told apart.
drawn as (
    select
        custody.business_id,
        custody.bill_payment_id
    from custody
    group by custody.business_id, custody.bill_payment_id
    having bool_and(custody.transaction_id is not null)
),

-- What neither is matched nor could as well be exchanged, in the pairs in which its counterpart is looked for.
found as (
    select
        sides.business_id,
        sides.event_id,
        sides.pair
    from sides

    union all

    select
        sides.business_id,
        sides.event_id,
        'any' as pair
    from sides
),

looked_for as (
    select
        events.*,
        case events.role
            when 'payout' then 'bank_payout'
            when 'ramp_money' then 'bank_ramp'
            when 'ramp_bill' then 'bill'
            else 'any'
        end as pair
    from events
    where events.role in ('bank', 'ledger_money', 'payout', 'ramp_money', 'ramp_bill')
),

alone as (
    select looked_for.*
    from looked_for
    anti join found
        on
            looked_for.business_id = found.business_id
            and looked_for.event_id = found.event_id
            and looked_for.pair = found.pair
),

-- Money that was sent: by Ramp's own word, and of a reimbursement not before it says so.
sent as (
    select
        alone.*,
        {{ bank_days_between(
            "greatest(alone.event_date, cast(" ~ utc('reimbursements.updated_at') ~ " as date))",
            bank_asked_until('calendar.as_of_date', 'any_bank.seen_until')
        ) }} > {{ hygiene_threshold('H28', 'max_bank_days') }} as is_late
    from alone
    inner join calendar on alone.business_id = calendar.business_id
    inner join any_bank
        on
            alone.business_id = any_bank.business_id
            and alone.event_date >= any_bank.seen_from
    left join reimbursements
        on
            alone.business_id = reimbursements.business_id
            and {{ key_where('alone.record_id', "alone.entity = 'reimbursements'") }} = reimbursements.record_id
    where
        alone.role = 'ramp_money'
        and (
            alone.entity = 'transfers'
            or (reimbursements.direction = 'BUSINESS_TO_USER' and reimbursements.state in {{ sent_reimbursements() }})
        )
),

-- A bill goes from Ramp to the books once it is approved; three days are as long as the books may not know of money (H26).
bills as (
    select
        ramp_bills.business_id,
        ramp_bills.record_id,
        coalesce(ramp_bills.approval_status = 'APPROVED', false) as is_approved,
        coalesce(
            calendar.as_of_date - cast({{ utc('ramp_bills.created_at') }} as date) <= {{ hygiene_threshold('H26', 'max_days') }}, false
        ) as is_young
    from ramp_bills
    inner join calendar on ramp_bills.business_id = calendar.business_id
    where ramp_bills.approval_status is distinct from 'REJECTED'
)

select
    alone.business_id,
    alone.event_id,
    'no_match' as kind,
    'the bank moved this money and no record of another rail stands for it' as reason
from alone
where alone.role = 'bank'

union all

-- Thirty days are as long as a payment in the ledger may look for its money.
select
    alone.business_id,
    alone.event_id,
    case
        when {{ bank_asked_until('calendar.as_of_date', 'bank_seen.seen_until') }} - alone.event_date > 30 then 'paid_without_money'
        else 'timing'
    end as kind,
    case
        when {{ bank_asked_until('calendar.as_of_date', 'bank_seen.seen_until') }} - alone.event_date > 30
            then 'recorded as paid and the bank shows no money for it'
        else 'recorded as paid; the bank may still show it'
    end as reason
from alone
inner join calendar on alone.business_id = calendar.business_id
inner join bank_seen
    on
        alone.business_id = bank_seen.business_id
        and coalesce(alone.paired_account, 'any') = bank_seen.account_id
        and alone.event_date >= bank_seen.seen_from
anti join drawn
    on
        alone.business_id = drawn.business_id
        and {{ key_where('alone.record_id', "alone.entity = 'bill_payments'") }} = drawn.bill_payment_id
where
    alone.role = 'ledger_money'
    and alone.account_key = 'bank'
    and alone.entity in ('bill_payments', 'payments')

union all

select
    alone.business_id,
    alone.event_id,
    case when payouts.is_due_in_bank then 'paid_without_money' else 'timing' end as kind,
    case
        when payouts.is_due_in_bank then 'paid out, and the bank does not show it though it should by now'
        else 'paid out and not at the bank yet'
    end as reason
from alone
inner join any_bank
    on
        alone.business_id = any_bank.business_id
        and alone.event_date >= any_bank.seen_from
inner join payouts
    on
        alone.business_id = payouts.business_id
        and alone.record_id = payouts.payout_id
where alone.role = 'payout'

union all

select
    sent.business_id,
    sent.event_id,
    case when sent.is_late then 'paid_without_money' else 'timing' end as kind,
    case
        when sent.is_late then 'sent by the payment service, and the bank shows no debit for it'
        else 'sent by the payment service; the bank may still show it'
    end as reason
from sent

union all

select
    alone.business_id,
    alone.event_id,
    case when bills.is_approved and not bills.is_young then 'no_match' else 'timing' end as kind,
    case
        when not bills.is_approved then 'not approved in the payment service yet, and the books have no such bill'
        when bills.is_young then 'in the payment service, and the books have no such bill yet'
        else 'in the payment service, and the books have no such bill'
    end as reason
from alone
inner join bills
    on
        alone.business_id = bills.business_id
        and alone.record_id = bills.record_id
inner join rail_health on alone.business_id = rail_health.business_id
where alone.role = 'ramp_bill' and list_contains(string_split(rail_health.rails_used, ','), 'qbo')
