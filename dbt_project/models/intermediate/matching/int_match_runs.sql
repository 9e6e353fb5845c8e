{{ config(materialized='table') }}

with direct as (
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

settlements as (
    select * from {{ ref('stg_qbo__bill_payment_lines') }}
    where linked_txn_type = 'Bill' and not is_deleted and not is_voided
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

run_bills as (
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
),

-- The ledger's payments of those bills, dated the day on which they were sent; each bill of a payment once.
settled as (
    select distinct
        run_bills.business_id,
        run_bills.right_event,
        run_bills.bill_event,
        run_bills.bill_amount,
        run_bills.bill_currency,
        run_bills.score,
        run_bills.tier = 'auto' and direct.tier = 'auto' as is_sure,
        concat_ws(':', 'ledger_money', 'bill_payments', settlements.bill_payment_id, '') as payment_event
    from run_bills
    inner join direct
        on
            run_bills.business_id = direct.business_id
            and run_bills.bill_event = direct.left_event
            and direct.pair = 'bill'
    inner join events
        on
            direct.business_id = events.business_id
            and direct.right_event = events.event_id
    inner join settlements
        on
            events.business_id = settlements.business_id
            and events.record_id = settlements.linked_txn_id
            and settlements.txn_date = run_bills.payment_date
),

-- A payment is no surer than what leads to it, and a proposal where its amount is not what Ramp sent for its bills.
run_payments as (
    select
        settled.business_id,
        settled.right_event,
        settled.payment_event,
        any_value(settled.score) as score,
        bool_and(settled.is_sure and settled.bill_currency = events.currency)
        and sum(settled.bill_amount) = abs(any_value(events.amount)) as is_sure
    from (
        select
            settled.* replace (
                settled.is_sure
                and count(*) over (partition by settled.business_id, settled.right_event, settled.bill_event) = 1 as is_sure
            )
        from settled
    ) as settled
    inner join events
        on
            settled.business_id = events.business_id
            and settled.payment_event = events.event_id
    group by settled.business_id, settled.right_event, settled.payment_event
),

told_payments as (
    select * from verdicts
    where pair = 'bank_ledger' and is_confirmed
),

told_apart as (
    select
        verdicts.business_id,
        verdicts.left_event,
        verdicts.right_event
    from verdicts
    where verdicts.pair = 'bank_ledger' and verdicts.is_rejected

    union

    select
        run_payments.business_id,
        run_payments.payment_event as left_event,
        run_payments.right_event
    from run_payments
    semi join told_payments
        on
            run_payments.business_id = told_payments.business_id
            and run_payments.payment_event = told_payments.left_event
),

-- Where a person said of one that it was not this debit, or was another, what is left of them no longer comes to this one.
left_payments as (
    select
        run_payments.business_id,
        run_payments.right_event,
        run_payments.payment_event,
        run_payments.score,
        run_payments.is_sure
        and not bool_or(told_apart.left_event is not null) over (
            partition by run_payments.business_id, run_payments.right_event
        ) as is_sure,
        told_apart.left_event is not null as is_told_apart
    from run_payments
    left join told_apart
        on
            run_payments.business_id = told_apart.business_id
            and run_payments.right_event = told_apart.right_event
            and run_payments.payment_event = told_apart.left_event
)

select
    left_payments.business_id,
    'bank_ledger' as pair,
    left_payments.payment_event as left_event,
    left_payments.right_event,
    left_payments.score,
    case when left_payments.is_sure then 'auto' else 'suggest' end as tier
from left_payments
anti join told_payments
    on
        left_payments.business_id = told_payments.business_id
        and left_payments.right_event = told_payments.right_event
where not left_payments.is_told_apart

union all

-- What a person said of a bill is a match of its own.
select
    run_bills.business_id,
    'bank_ramp' as pair,
    run_bills.bill_event as left_event,
    run_bills.right_event,
    run_bills.score,
    run_bills.tier
from run_bills
anti join told_bills
    on
        run_bills.business_id = told_bills.business_id
        and run_bills.bill_event = told_bills.left_event
        and told_bills.is_confirmed
