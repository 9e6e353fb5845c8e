{{ config(materialized='table') }}

with matches as (
    select * from {{ ref('int_matches') }}
    where pair in ('bank_ledger', 'bank_ramp') and left_entity in ('bill_payments', 'bills', 'transfers')
),

events as (
    select * from {{ ref('int_money_events') }}
),

executions as (
    select * from {{ ref('int_bill_executions') }}
),

-- The surest one of a payment first.
matched as (
    select
        matches.business_id,
        matches.left_rail,
        matches.left_id,
        matches.right_id as transaction_id,
        matches.match_id,
        matches.rule,
        matches.tier,
        events.event_date as posted_date,
        events.change_id,
        matches.synced_at
    from matches
    inner join events
        on
            matches.business_id = events.business_id
            and matches.right_event = events.event_id
    where matches.left_entity != 'transfers'
    qualify row_number() over (
        partition by matches.business_id, matches.left_rail, matches.left_id order by matches.tier asc, events.event_date asc, matches.right_id asc
    ) = 1
),

-- Debits of which it is known what they paid: each of their bills, or something that is no bill, as the card's statement.
explained as (
    select
        matches.business_id,
        matches.right_id as transaction_id
    from matches
    where matches.left_rail = 'ramp' and matches.left_entity = 'bills' and matches.rule != 'verdict'

    union

    select
        entries.business_id,
        entries.right_id as transaction_id
    from {{ ref('int_matches') }} as entries
    where entries.pair = 'bank_ledger' and entries.left_entity != 'bill_payments' and entries.tier = 'auto'
),

-- A person may have said that the bank shows a transfer in two lines.
transfers as (
    select
        transfers.business_id,
        transfers.event_date as payment_date,
        transfers.currency,
        -transfers.amount as amount,
        matches.right_id as transaction_id,
        matches.match_id,
        banked.event_date as posted_date,
        banked.change_id
    from matches
    inner join events as transfers
        on
            matches.business_id = transfers.business_id
            and matches.left_event = transfers.event_id
    inner join events as banked
        on
            matches.business_id = banked.business_id
            and matches.right_event = banked.event_id
    anti join explained
        on
            matches.business_id = explained.business_id
            and matches.right_id = explained.transaction_id
    where matches.pair = 'bank_ramp' and matches.left_entity = 'transfers'
    qualify row_number() over (partition by matches.business_id, matches.left_event order by banked.event_date desc, matches.right_id desc) = 1
),

-- The service draws the payments of one day together. Where a day's debits cannot be told apart by bill, they still show that
-- the money left if they come to all that was paid and has no debit of its own.
drawn as (
    select
        transfers.business_id,
        transfers.payment_date,
        transfers.currency,
        sum(transfers.amount) as amount,
        max(transfers.transaction_id) as transaction_id,
        max(transfers.posted_date) as posted_date,
        arg_max(transfers.change_id, transfers.transaction_id) as change_id,
        arg_max(transfers.match_id, transfers.transaction_id) as match_id
    from transfers
    group by transfers.business_id, transfers.payment_date, transfers.currency
),

by_bank as (
    select executions.*
    from executions
    anti join matched
        on
            executions.business_id = matched.business_id
            and executions.ramp_bill_id = matched.left_id
            and matched.left_rail = 'ramp'
            and matched.rule != 'verdict'
    where coalesce(executions.payment_method, '') not in {{ card_methods() }}
),

runs as (
    select
        by_bank.business_id,
        by_bank.payment_date,
        by_bank.currency,
        sum(by_bank.amount) as amount
    from by_bank
    group by by_bank.business_id, by_bank.payment_date, by_bank.currency
)

select * from matched

union all

select
    by_bank.business_id,
    'ramp' as left_rail,
    by_bank.ramp_bill_id as left_id,
    drawn.transaction_id,
    drawn.match_id,
    'run' as rule,
    'auto' as tier,
    drawn.posted_date,
    drawn.change_id,
    cast(null as timestamptz) as synced_at
from by_bank
inner join runs
    on
        by_bank.business_id = runs.business_id
        and by_bank.payment_date = runs.payment_date
        and by_bank.currency = runs.currency
inner join drawn
    on
        runs.business_id = drawn.business_id
        and runs.payment_date = drawn.payment_date
        and runs.currency = drawn.currency
        and runs.amount <= drawn.amount
anti join matched
    on
        by_bank.business_id = matched.business_id
        and by_bank.ramp_bill_id = matched.left_id
        and matched.left_rail = 'ramp'
