with bank as (
    select * from {{ ref('int_money_events') }}
    where role = 'bank'
),

outflows as (
    select * from bank
    where amount < 0
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

-- What the payment service drew is explained by it, and whether the ledger has it too is a matter of H27.
explained as (
    select
        matches.business_id,
        matches.right_event as event_id
    from {{ ref('int_matches') }} as matches
    where matches.right_rail = 'plaid'

    union

    select
        assigned.business_id,
        assigned.right_event as event_id
    from {{ ref('int_match_assigned') }} as assigned
    where assigned.is_ambiguous
),

-- What came back within a month was no outflow in the end.
came_back as (
    select
        outflows.business_id,
        outflows.event_id
    from bank as returns
    inner join outflows
        on
            returns.business_id = outflows.business_id
            and returns.account_id = outflows.account_id
            and returns.amount = -outflows.amount
    anti join explained
        on
            outflows.business_id = explained.business_id
            and outflows.event_id = explained.event_id
    where
        returns.amount > 0
        and {{ is_return('returns.text') }}
        and returns.event_date - outflows.event_date between 0 and 30
    qualify row_number() over (partition by returns.business_id, returns.event_id order by outflows.event_date desc, outflows.event_id asc) = 1
),

settled as (
    select * from explained

    union

    select * from came_back
)

select
    outflows.business_id,
    outflows.rail,
    outflows.entity,
    outflows.record_id,
    case when settled.event_id is null then calendar.as_of_date - outflows.event_date else 0 end as days_unexplained,
    coalesce(outflows.text, 'outflow') || ', ' || {{ shown_amount('-outflows.amount', 'outflows.currency') }} || ' on '
    || {{ shown_date('outflows.event_date') }} as observed,
    {{ money('case when settled.event_id is null and coalesce(outflows.currency, calendar.home_currency) = calendar.home_currency'
        ~ ' then -outflows.amount end') }} as impact_amount
from outflows
inner join calendar on outflows.business_id = calendar.business_id
left join settled
    on
        outflows.business_id = settled.business_id
        and outflows.event_id = settled.event_id
