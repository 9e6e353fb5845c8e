with deposits as (
    select * from {{ ref('int_money_events') }}
    where role = 'bank' and amount > 0
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

matches as (
    select * from {{ ref('int_matches') }}
),

returns as (
    select * from deposits
    where {{ is_return('deposits.text') }}
),

-- A payment that came back, as it does within two weeks, is in the books as long as they do not have the payment.
still_paid as (
    select
        returns.business_id,
        returns.event_id
    from returns
    inner join matches
        on
            returns.business_id = matches.business_id
            and returns.amount = matches.amount
            and matches.pair = 'bank_ledger'
    inner join {{ ref('int_money_events') }} as debits
        on
            matches.business_id = debits.business_id
            and matches.right_event = debits.event_id
    where debits.amount < 0 and returns.event_date - debits.event_date between 1 and 14
),

-- A payout of a card processor is in the books when a document there books it, which then is the bank's as well. Deposits that could
-- as well be exchanged have their documents, which H34 asks about.
booked as (
    select
        matches.business_id,
        matches.right_event as event_id
    from matches
    where matches.pair = 'bank_ledger'

    union

    select
        assigned.business_id,
        assigned.right_event as event_id
    from {{ ref('int_match_assigned') }} as assigned
    where assigned.is_ambiguous and assigned.pair in ('bank_ledger', 'bank_payout')

    union

    select
        returns.business_id,
        returns.event_id
    from returns
    anti join still_paid
        on
            returns.business_id = still_paid.business_id
            and returns.event_id = still_paid.event_id
)

select
    deposits.business_id,
    deposits.rail,
    deposits.entity,
    deposits.record_id,
    case when booked.event_id is null then {{ bank_days_between('deposits.event_date', 'calendar.as_of_date') }} else 0 end
        as bank_days_unbooked,
    coalesce(deposits.text, 'deposit') || ', ' || {{ shown_amount('deposits.amount', 'deposits.currency') }} || ' on '
    || {{ shown_date('deposits.event_date') }} as observed,
    {{ money('case when booked.event_id is null and coalesce(deposits.currency, calendar.home_currency) = calendar.home_currency'
        ~ ' then deposits.amount end') }} as impact_amount
from deposits
inner join calendar on deposits.business_id = calendar.business_id
left join booked
    on
        deposits.business_id = booked.business_id
        and deposits.event_id = booked.event_id
