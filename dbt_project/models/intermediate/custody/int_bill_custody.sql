{{ config(materialized='table') }}

with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

ledger_bills as (
    select * from {{ ref('int_ledger_bills') }}
),

paying_bills as (
    select * from {{ ref('stg_ramp__bills') }}
    where not is_deleted and not is_draft
),

matches as (
    select * from {{ ref('int_matches') }}
),

assigned as (
    select * from {{ ref('int_match_assigned') }}
),

events as (
    select * from {{ ref('int_money_events') }}
),

-- A proposal of the same number and amount is enough to look for the other half of a payment; `link_tier` says that it is one.
links as (
    select
        matches.business_id,
        matches.left_id as ramp_bill_id,
        matches.right_id as bill_id,
        matches.tier
    from matches
    where matches.pair = 'bill' and matches.rule != 'tolerance'
),

-- What left by the payment service. What is marked there as paid by hand or by credits, the service has only been told.
executions as (
    select
        paying_bills.business_id,
        paying_bills.record_id as ramp_bill_id,
        links.bill_id,
        links.tier as link_tier,
        paying_bills.change_id,
        paying_bills.payment_method,
        coalesce(paying_bills.payment_date, cast({{ utc('coalesce(paying_bills.paid_at, paying_bills.synced_at)') }} as date)) as payment_date,
        coalesce(paying_bills.payment_amount, paying_bills.total_amount) as amount,
        case
            when paying_bills.payment_amount is not null then coalesce(paying_bills.payment_currency, paying_bills.currency)
            else paying_bills.currency
        end as currency,
        -- What that settles of the bill: all of it, where it was paid in another currency than it is in.
        case
            when coalesce(paying_bills.payment_currency, paying_bills.currency) = paying_bills.currency
                then coalesce(paying_bills.payment_amount, paying_bills.total_amount)
            else paying_bills.total_amount
        end as settled_amount,
        paying_bills.currency as settled_currency,
        paying_bills.status = 'PAID' as is_paid,
        -- Paid since it was first seen so, where the service does not say when.
        case when paying_bills.status = 'PAID' then coalesce(paying_bills.paid_at, paying_bills.synced_at) end as paid_at,
        paying_bills.sync_status = 'BILL_AND_PAYMENT_SYNCED' as is_synced,
        paying_bills.payment_trace_id as trace_id,
        paying_bills.synced_at
    from paying_bills
    left join links
        on
            paying_bills.business_id = links.business_id
            and paying_bills.record_id = links.ramp_bill_id
    where
        not paying_bills.is_archived
        and (paying_bills.payment_date is not null or paying_bills.status = 'PAID')
        and coalesce(paying_bills.payment_method, '') not in ('PAID_MANUALLY', 'VENDOR_CREDIT')
),

-- What the ledger says was paid on a bill; a payment that credits alone make up moves no money.
settlements as (
    select
        lines.business_id,
        lines.linked_txn_id as bill_id,
        payments.record_id as bill_payment_id,
        payments.change_id,
        payments.txn_date,
        payments.created_at,
        payments.document_number,
        payments.payment_type,
        payments.total_amount != 0 as is_money,
        payments.currency,
        payments.synced_at,
        sum(lines.amount) as amount
    from {{ ref('stg_qbo__bill_payment_lines') }} as lines
    inner join {{ ref('stg_qbo__bill_payments') }} as payments
        on
            lines.business_id = payments.business_id
            and lines.bill_payment_id = payments.record_id
    where
        lines.linked_txn_type = 'Bill'
        and not payments.is_deleted
        and not payments.is_voided
    group by all
),

-- The bank's own record of a payment, the surest one first.
debits as (
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
    where
        matches.pair in ('bank_ledger', 'bank_ramp')
        and matches.left_entity in ('bill_payments', 'bills')
    qualify row_number() over (
        partition by matches.business_id, matches.left_rail, matches.left_id order by matches.tier asc, events.event_date asc, matches.right_id asc
    ) = 1
),

-- Two payments that could as well be exchanged have their money at the bank all the same.
ambiguous as (
    select distinct
        assigned.business_id,
        assigned.left_event
    from assigned
    where assigned.is_ambiguous and assigned.pair = 'bank_ledger'
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
    where matches.pair = 'bank_ramp' and matches.left_entity = 'transfers'
    qualify row_number() over (partition by matches.business_id, matches.left_event order by banked.event_date desc, matches.right_id desc) = 1
),

-- The service draws the payments of one day together. Where a day's debits cannot be told apart by bill, they still show that
-- the money left if they come to all that was paid.
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

runs as (
    select
        executions.business_id,
        executions.payment_date,
        executions.currency,
        sum(executions.amount) as amount
    from executions
    where coalesce(executions.payment_method, '') not in {{ card_methods() }}
    group by executions.business_id, executions.payment_date, executions.currency
),

run_debits as (
    select drawn.*
    from drawn
    inner join runs
        on
            drawn.business_id = runs.business_id
            and drawn.payment_date = runs.payment_date
            and drawn.currency = runs.currency
    where drawn.amount >= runs.amount
),

-- The ledger's payment that stands for the service's: of one day, written by the service itself, or with the same money at the
-- bank. A later one of the same amount does too unless it has another debit or the number of a check.
recorded as (
    select
        executions.business_id,
        executions.ramp_bill_id,
        settlements.bill_id,
        settlements.bill_payment_id
    from executions
    inner join settlements
        on
            executions.business_id = settlements.business_id
            and executions.bill_id = settlements.bill_id
    left join debits as own
        on
            settlements.business_id = own.business_id
            and settlements.bill_payment_id = own.left_id
            and own.left_rail = 'qbo'
    left join debits as drawn_debits
        on
            executions.business_id = drawn_debits.business_id
            and executions.ramp_bill_id = drawn_debits.left_id
            and drawn_debits.left_rail = 'ramp'
    where
        coalesce(own.transaction_id = drawn_debits.transaction_id, true)
        and (
            settlements.txn_date = executions.payment_date
            or executions.is_synced
            or own.transaction_id = drawn_debits.transaction_id
            or (
                executions.is_paid
                and settlements.amount = executions.settled_amount
                and settlements.currency = executions.settled_currency
                and settlements.txn_date between executions.payment_date and executions.payment_date + 10
                and coalesce(settlements.document_number = executions.trace_id, true)
            )
        )
    qualify
        row_number() over (
            partition by executions.business_id, executions.ramp_bill_id
            order by
                coalesce(own.transaction_id = drawn_debits.transaction_id, false) desc,
                abs(settlements.txn_date - executions.payment_date) asc,
                abs(settlements.amount - executions.settled_amount) asc,
                settlements.bill_payment_id asc
        ) = 1
        and row_number() over (
            partition by settlements.business_id, settlements.bill_id, settlements.bill_payment_id
            order by abs(settlements.txn_date - executions.payment_date) asc, executions.ramp_bill_id asc
        ) = 1
),

payments as (
    select
        executions.business_id,
        executions.bill_id,
        executions.ramp_bill_id,
        executions.link_tier,
        recorded.bill_payment_id,
        true as is_executed_by_rail
    from executions
    left join recorded
        on
            executions.business_id = recorded.business_id
            and executions.ramp_bill_id = recorded.ramp_bill_id

    union all

    select
        settlements.business_id,
        settlements.bill_id,
        cast(null as varchar) as ramp_bill_id,
        cast(null as varchar) as link_tier,
        settlements.bill_payment_id,
        false as is_executed_by_rail
    from settlements
    anti join recorded
        on
            settlements.business_id = recorded.business_id
            and settlements.bill_id = recorded.bill_id
            and settlements.bill_payment_id = recorded.bill_payment_id
),

-- A bill that is owed and that nobody is paying yet.
owed as (
    select
        ledger_bills.business_id,
        ledger_bills.record_id as bill_id,
        links.ramp_bill_id,
        links.tier as link_tier
    from ledger_bills
    left join links
        on
            ledger_bills.business_id = links.business_id
            and ledger_bills.record_id = links.bill_id
    anti join executions
        on
            ledger_bills.business_id = executions.business_id
            and ledger_bills.record_id = executions.bill_id
    where ledger_bills.is_open and ledger_bills.open_amount > 0
),

steps as (
    select * from payments

    union all

    select
        owed.business_id,
        owed.bill_id,
        owed.ramp_bill_id,
        owed.link_tier,
        cast(null as varchar) as bill_payment_id,
        false as is_executed_by_rail
    from owed
),

-- Ramp draws from any account, and a payment of the ledger's is on the one whose counterpart at the bank is known, or on any.
bank_seen as (
    select * from {{ ref('int_bank_seen') }}
),

rails as (
    select
        rail_health.business_id,
        list_contains(string_split(rail_health.rails_used, ','), 'ramp') as has_execution_rail,
        list_contains(string_split(rail_health.rails_used, ','), 'plaid') as has_bank_rail
    from {{ ref('int_rail_health') }} as rail_health
),

told as (
    select
        steps.business_id,
        steps.bill_id,
        steps.ramp_bill_id,
        steps.bill_payment_id,
        steps.link_tier,
        steps.is_executed_by_rail,
        rails.has_execution_rail,
        rails.has_bank_rail,
        ledger_bills.vendor_id,
        coalesce(ledger_bills.vendor_name, paying_bills.vendor_name) as vendor_name,
        coalesce(ledger_bills.document_number, paying_bills.document_number) as document_number,
        coalesce(ledger_bills.due_date, paying_bills.due_date) as due_date,
        coalesce(ledger_bills.total_amount, paying_bills.total_amount) as bill_amount,
        ledger_bills.open_amount,
        ledger_bills.change_id as bill_change_id,
        paying_bills.approval_status,
        executions.payment_method,
        executions.payment_date,
        executions.paid_at,
        executions.is_synced,
        coalesce(executions.is_paid, false) as is_executed,
        paying_bills.change_id as ramp_change_id,
        executions.amount as executed_amount,
        settlements.txn_date as record_date,
        settlements.created_at as recorded_at,
        settlements.change_id as record_change_id,
        settlements.amount as recorded_amount,
        settlements.document_number as record_number,
        coalesce(settlements.is_money, true) as is_money,
        coalesce(executions.amount, settlements.amount, ledger_bills.open_amount) as amount,
        coalesce(executions.currency, settlements.currency, ledger_bills.currency, calendar.home_currency) as currency,
        coalesce(executions.settled_amount, settlements.amount, ledger_bills.open_amount) as settled_amount,
        coalesce(executions.settled_currency, settlements.currency, ledger_bills.currency, calendar.home_currency) as settled_currency,
        calendar.home_currency,
        ledger_bills.currency as ledger_currency,
        ledger_bills.exchange_rate,
        drawn_debits.transaction_id as drawn_transaction_id,
        own.transaction_id as own_transaction_id,
        coalesce(drawn_debits.transaction_id, run_debits.transaction_id, own.transaction_id) as transaction_id,
        coalesce(drawn_debits.posted_date, run_debits.posted_date, own.posted_date) as posted_date,
        coalesce(drawn_debits.change_id, run_debits.change_id, own.change_id) as transaction_change_id,
        coalesce(drawn_debits.match_id, run_debits.match_id, own.match_id) as match_id,
        case
            when drawn_debits.transaction_id is not null then drawn_debits.rule
            when run_debits.transaction_id is not null then 'run'
            else own.rule
        end as match_rule,
        case
            when drawn_debits.transaction_id is not null then drawn_debits.tier
            when run_debits.transaction_id is not null then 'auto'
            else own.tier
        end as match_tier,
        ambiguous.left_event is not null as is_ambiguous,
        coalesce(
            coalesce(executions.payment_date, settlements.txn_date) >= bank_seen.seen_from
            and coalesce(settlements.is_money, true)
            and case
                when executions.ramp_bill_id is not null
                    then executions.payment_method in {{ drawn_methods() }}
                else settlements.payment_type is distinct from 'CreditCard'
            end,
            false
        ) as is_bank_expected,
        {{ bank_asked_until('calendar.as_of_date', 'bank_seen.seen_until') }} as bank_asked_until,
        calendar.as_of_date,
        calendar.run_at,
        calendar.onboarded_at,
        least(ledger_bills.synced_at, paying_bills.synced_at, settlements.synced_at, drawn_debits.synced_at, own.synced_at) as synced_at
    from steps
    inner join calendar on steps.business_id = calendar.business_id
    inner join rails on steps.business_id = rails.business_id
    left join events as booked
        on
            steps.business_id = booked.business_id
            and not steps.is_executed_by_rail
            and concat_ws(':', 'ledger_money', 'bill_payments', steps.bill_payment_id, '') = booked.event_id
    left join bank_seen
        on
            steps.business_id = bank_seen.business_id
            and coalesce(booked.paired_account, 'any') = bank_seen.account_id
    left join ledger_bills
        on
            steps.business_id = ledger_bills.business_id
            and steps.bill_id = ledger_bills.record_id
    left join paying_bills
        on
            steps.business_id = paying_bills.business_id
            and steps.ramp_bill_id = paying_bills.record_id
    left join executions
        on
            steps.business_id = executions.business_id
            and steps.ramp_bill_id = executions.ramp_bill_id
            and steps.is_executed_by_rail
    left join settlements
        on
            steps.business_id = settlements.business_id
            and steps.bill_id = settlements.bill_id
            and steps.bill_payment_id = settlements.bill_payment_id
    left join debits as own
        on
            steps.business_id = own.business_id
            and steps.bill_payment_id = own.left_id
            and own.left_rail = 'qbo'
    left join debits as drawn_debits
        on
            steps.business_id = drawn_debits.business_id
            and steps.ramp_bill_id = drawn_debits.left_id
            and drawn_debits.left_rail = 'ramp'
            and steps.is_executed_by_rail
    left join run_debits
        on
            steps.business_id = run_debits.business_id
            and executions.payment_date = run_debits.payment_date
            and executions.currency = run_debits.currency
            and coalesce(executions.payment_method, '') not in {{ card_methods() }}
    left join ambiguous
        on
            steps.business_id = ambiguous.business_id
            and concat_ws(':', 'ledger_money', 'bill_payments', steps.bill_payment_id, '') = ambiguous.left_event
)

select
    told.* exclude (drawn_transaction_id, own_transaction_id, exchange_rate),
    case when told.bill_id is null then 'ramp' else 'qbo' end as rail,
    coalesce(told.bill_id, told.ramp_bill_id) as record_id,
    -- The ledger's rate is that of its own bill's currency.
    {{ money(home_amount(
        'told.amount',
        'told.currency',
        'told.home_currency',
        'case when told.currency = told.ledger_currency then told.exchange_rate end'
    )) }} as home_amount,
    md5(concat_ws(
        '|', told.business_id, coalesce(told.bill_id, ''), coalesce(told.ramp_bill_id, ''), coalesce(told.bill_payment_id, '')
    )) as custody_id
from told
