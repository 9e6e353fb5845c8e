with events as (
    select * from {{ ref('int_money_events') }}
),

custody as (
    select * from {{ ref('int_bill_custody') }}
),

matches as (
    select * from {{ ref('int_matches') }}
),

assigned as (
    select * from {{ ref('int_match_assigned') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

bank_seen as (
    select * from {{ ref('int_bank_seen') }}
),

-- Two payments that could as well be exchanged have their money, and a service's payment has it where the service drew it.
with_money as (
    select
        assigned.business_id,
        assigned.left_event as event_id
    from assigned
    where assigned.pair = 'bank_ledger' and assigned.is_ambiguous

    union

    select
        matches.business_id,
        matches.left_event as event_id
    from matches
    where matches.pair = 'bank_ledger'

    union

    select
        custody.business_id,
        concat_ws(':', 'ledger_money', 'bill_payments', custody.bill_payment_id, '') as event_id
    from custody
    where custody.is_executed_by_rail and custody.bill_payment_id is not null
)

select
    events.business_id,
    events.rail,
    events.entity,
    events.record_id,
    case
        when with_money.event_id is null and bank_seen.seen_until > events.event_date
            then greatest({{ bank_asked_until('calendar.as_of_date', 'bank_seen.seen_until') }} - events.event_date, 0)
        else 0
    end as days_without_money,
    coalesce(events.text, 'payment') || ', ' || {{ shown_amount('abs(events.amount)', 'events.currency') }} || ' dated '
    || {{ shown_date('events.event_date') }} as observed,
    {{ money('abs(events.amount)') }} as impact_amount
from events
inner join calendar on events.business_id = calendar.business_id
inner join bank_seen
    on
        events.business_id = bank_seen.business_id
        and coalesce(events.paired_account, 'any') = bank_seen.account_id
        and events.event_date >= bank_seen.seen_from
left join with_money
    on
        events.business_id = with_money.business_id
        and events.event_id = with_money.event_id
where
    events.role = 'ledger_money'
    and events.entity in ('bill_payments', 'payments')
    and events.account_key = 'bank'
    and events.amount != 0
