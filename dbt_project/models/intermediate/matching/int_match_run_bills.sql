{{ config(materialized='table') }}

{#- Of so many bills of a day each part is tried, at most 4,096; of more there would be several parts for nearly any debit. -#}
{%- set most_tried = 12 -%}

with recursive direct as (
    select * from {{ ref('int_match_direct') }}
),

events as (
    select * from {{ ref('int_money_events') }}
),

verdicts as (
    select * from {{ ref('int_match_verdicts') }}
),

ramp_bills as (
    select * from {{ ref('stg_ramp__bills') }}
    where not is_deleted
),

bills as (
    select
        ramp_bills.business_id,
        concat_ws(':', 'ramp_bill', 'bills', ramp_bills.record_id, '') as bill_event,
        {{ sent_date('ramp_bills') }} as payment_date,
        coalesce(ramp_bills.payment_amount, ramp_bills.total_amount) as amount,
        case
            when ramp_bills.payment_amount is not null then coalesce(ramp_bills.payment_currency, ramp_bills.currency)
            else ramp_bills.currency
        end as currency,
        ramp_bills.payment_effective_date is not null and ramp_bills.payment_method in {{ drawn_methods() }} as is_drawn
    from ramp_bills
),

drawn as (
    select
        direct.business_id,
        direct.right_event,
        direct.score,
        direct.tier,
        events.event_date,
        events.currency,
        -events.amount as amount
    from direct
    inner join events
        on
            direct.business_id = events.business_id
            and direct.left_event = events.event_id
    where direct.pair = 'bank_ramp' and events.entity = 'transfers'
),

told_bills as (
    select * from verdicts
    where pair = 'bank_ramp' and left_role = 'ramp_bill'
),

-- Which bills a debit of Ramp's may have paid: those of the transfer's day, except where a person said of a bill that it was not
-- this debit, or of the debit or the bill what it was.
paid_bills as (
    select
        drawn.*,
        bills.bill_event,
        bills.amount as bill_amount,
        count(*) over (partition by drawn.business_id, drawn.right_event) as day_count,
        sum(bills.amount) over (partition by drawn.business_id, drawn.right_event) as day_amount
    from drawn
    inner join bills
        on
            drawn.business_id = bills.business_id
            and drawn.event_date = bills.payment_date
            and drawn.currency = bills.currency
    anti join told_bills as rejected
        on
            drawn.business_id = rejected.business_id
            and drawn.right_event = rejected.right_event
            and bills.bill_event = rejected.left_event
            and rejected.is_rejected
    anti join told_bills as told_debits
        on
            drawn.business_id = told_debits.business_id
            and drawn.right_event = told_debits.right_event
            and told_debits.is_confirmed
    anti join told_bills as told
        on
            bills.business_id = told.business_id
            and bills.bill_event = told.left_event
            and told.is_confirmed
    where bills.is_drawn
),

-- Payments that came back: Ramp has their bills open again, or dated by the day on which they were paid anew.
returns as (
    select
        events.business_id,
        events.account_id,
        events.event_date,
        events.amount
    from events
    where events.role = 'bank' and events.amount > 0 and {{ is_return('events.text') }}
),

-- What a debit is more than the bills of its day, where so much came back to its account.
came_back as (
    select distinct
        debits.business_id,
        debits.event_id as right_event,
        returns.amount
    from events as debits
    inner join returns
        on
            debits.business_id = returns.business_id
            and debits.account_id = returns.account_id
    where debits.role = 'bank' and debits.amount < 0 and returns.event_date - debits.event_date between 0 and 60
),

-- All of them, with one more that came back or without, all but one that was drawn apart, or that one; of two, all but one is the
-- other one. A solution is counted by the bill that is paid alone or drawn apart; only a single one is taken.
tried as (
    select
        paid_bills.business_id,
        paid_bills.right_event,
        paid_bills.bill_event,
        case
            when paid_bills.day_amount = paid_bills.amount then 'all'
            when paid_bills.bill_amount = paid_bills.amount then 'one'
            when paid_bills.day_count > 2 and paid_bills.day_amount - paid_bills.bill_amount = paid_bills.amount then 'others'
            when came_back.amount is not null then 'all'
        end as solution
    from paid_bills
    left join came_back
        on
            paid_bills.business_id = came_back.business_id
            and paid_bills.right_event = came_back.right_event
            and paid_bills.amount - paid_bills.day_amount = came_back.amount
),

solutions as (
    select
        tried.business_id,
        tried.right_event,
        any_value(tried.solution) as solution,
        any_value(tried.bill_event) as bill_event
    from tried
    where tried.solution is not null
    group by tried.business_id, tried.right_event
    having count(distinct tried.solution) = 1 and (any_value(tried.solution) = 'all' or count(*) = 1)
),

-- A debit that is none of these is any other part of the day's bills and of what came back, as where several were drawn late or two
-- payments failed; again only a single one. What came back is tried where it is few enough, and counts where no part without it does.
to_try as (
    select
        paid_bills.business_id,
        paid_bills.right_event,
        paid_bills.amount,
        paid_bills.bill_event,
        paid_bills.bill_amount as part_amount
    from paid_bills
    anti join solutions
        on
            paid_bills.business_id = solutions.business_id
            and paid_bills.right_event = solutions.right_event
    where paid_bills.bill_amount > 0 and paid_bills.day_count <= {{ most_tried }}
),

returned as (
    select
        debits.business_id,
        debits.right_event,
        debits.amount,
        cast(null as varchar) as bill_event,
        came_back.amount as part_amount
    from (
        select
            to_try.business_id,
            to_try.right_event,
            any_value(to_try.amount) as amount,
            count(*) as bill_count
        from to_try
        group by to_try.business_id, to_try.right_event
    ) as debits
    inner join came_back
        on
            debits.business_id = came_back.business_id
            and debits.right_event = came_back.right_event
    qualify
        count(*) over (partition by debits.business_id, debits.right_event) + debits.bill_count <= {{ most_tried }}
),

all_parts as (
    select * from to_try
    union all
    select * from returned
),

untold as (
    select
        all_parts.business_id,
        all_parts.right_event,
        all_parts.amount,
        all_parts.bill_event,
        -- Wide enough for any sum of twelve.
        cast(all_parts.part_amount as decimal(38, 3)) as part_amount,
        row_number() over (
            partition by all_parts.business_id, all_parts.right_event order by all_parts.bill_event asc nulls last, all_parts.part_amount asc
        ) as place
    from all_parts
),

parts as (
    select
        untold.business_id,
        untold.right_event,
        untold.amount,
        untold.part_amount,
        untold.place,
        cast(untold.bill_event is null as integer) as return_count,
        case when untold.bill_event is null then [] else [untold.bill_event] end as bill_events
    from untold
    where untold.part_amount <= untold.amount

    union all

    select
        parts.business_id,
        parts.right_event,
        parts.amount,
        parts.part_amount + untold.part_amount as part_amount,
        untold.place,
        parts.return_count + cast(untold.bill_event is null as integer) as return_count,
        case
            when untold.bill_event is null then parts.bill_events
            else list_append(parts.bill_events, untold.bill_event)
        end as bill_events
    from parts
    inner join untold
        on
            parts.business_id = untold.business_id
            and parts.right_event = untold.right_event
            and parts.place < untold.place
    where parts.part_amount + untold.part_amount <= parts.amount
),

whole_parts as (
    select *
    from parts
    where parts.part_amount = parts.amount
    qualify rank() over (partition by parts.business_id, parts.right_event order by parts.return_count > 0) = 1
),

told_parts as (
    select
        whole_parts.business_id,
        whole_parts.right_event,
        unnest(any_value(whole_parts.bill_events)) as bill_event
    from whole_parts
    group by whole_parts.business_id, whole_parts.right_event
    having count(distinct whole_parts.bill_events) = 1
),

chosen as (
    select
        paid_bills.business_id,
        paid_bills.right_event,
        paid_bills.bill_event
    from paid_bills
    inner join solutions
        on
            paid_bills.business_id = solutions.business_id
            and paid_bills.right_event = solutions.right_event
            and (
                solutions.solution = 'all'
                or (solutions.solution = 'one' and paid_bills.bill_event = solutions.bill_event)
                or (solutions.solution = 'others' and paid_bills.bill_event != solutions.bill_event)
            )

    union all

    select * from told_parts
)

select
    paid_bills.business_id,
    paid_bills.right_event,
    paid_bills.bill_event,
    paid_bills.bill_amount,
    paid_bills.currency as bill_currency,
    paid_bills.event_date as payment_date,
    paid_bills.score,
    paid_bills.tier
from paid_bills
inner join chosen
    on
        paid_bills.business_id = chosen.business_id
        and paid_bills.right_event = chosen.right_event
        and paid_bills.bill_event = chosen.bill_event

union all

select
    bills.business_id,
    told_bills.right_event,
    bills.bill_event,
    bills.amount as bill_amount,
    bills.currency as bill_currency,
    bills.payment_date,
    1000 as score,
    'auto' as tier
from told_bills
inner join bills
    on
        told_bills.business_id = bills.business_id
        and told_bills.left_event = bills.bill_event
where told_bills.is_confirmed
