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

run_bills as (
    select * from {{ ref('int_match_run_bills') }}
),

settlements as (
    select * from {{ ref('stg_qbo__bill_payment_lines') }}
    where linked_txn_type = 'Bill' and not is_deleted and not is_voided
),

told_bills as (
    select * from verdicts
    where pair = 'bank_ramp' and left_role = 'ramp_bill'
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
