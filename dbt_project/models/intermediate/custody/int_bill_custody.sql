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

assigned as (
    select * from {{ ref('int_match_assigned') }}
),

events as (
    select * from {{ ref('int_money_events') }}
),

payments as (
    select
        payments.*,
        {{ key_where('payments.ramp_bill_id', 'payments.is_executed_by_rail') }} as executed_bill_id,
        'ledger_money:bill_payments:' || payments.bill_payment_id || ':' as ledger_event
    from {{ ref('int_bill_payments') }} as payments
),

executions as (
    select * from {{ ref('int_bill_executions') }}
),

settlements as (
    select * from {{ ref('int_bill_settlements') }}
),

debits as (
    select * from {{ ref('int_bill_debits') }}
),

-- Ramp draws from any account, and a payment of the ledger's is on the one whose counterpart at the bank is known, or on any.
bank_seen as (
    select * from {{ ref('int_bank_seen') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

rails as (
    select
        rail_health.business_id,
        list_contains(string_split(rail_health.rails_used, ','), 'ramp') as has_execution_rail,
        list_contains(string_split(rail_health.rails_used, ','), 'plaid') as has_bank_rail
    from rail_health
),

-- Two payments that could as well be exchanged have their money at the bank all the same.
ambiguous as (
    select distinct
        assigned.business_id,
        assigned.left_event
    from assigned
    where assigned.is_ambiguous and assigned.pair = 'bank_ledger'
),

told as (
    select
        payments.business_id,
        payments.bill_id,
        payments.ramp_bill_id,
        payments.bill_payment_id,
        payments.link_tier,
        payments.is_executed_by_rail,
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
        executions.paid_at_source,
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
        coalesce(drawn.transaction_id, own.transaction_id) as transaction_id,
        coalesce(drawn.posted_date, own.posted_date) as posted_date,
        coalesce(drawn.change_id, own.change_id) as transaction_change_id,
        coalesce(drawn.match_id, own.match_id) as match_id,
        coalesce(drawn.rule, own.rule) as match_rule,
        coalesce(drawn.tier, own.tier) as match_tier,
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
        least(ledger_bills.synced_at, paying_bills.synced_at, settlements.synced_at, drawn.synced_at, own.synced_at) as synced_at
    from payments
    inner join calendar on payments.business_id = calendar.business_id
    inner join rails on payments.business_id = rails.business_id
    left join events as booked
        on
            payments.business_id = booked.business_id
            and {{ key_where('payments.ledger_event', 'not payments.is_executed_by_rail') }} = booked.event_id
    left join bank_seen
        on
            payments.business_id = bank_seen.business_id
            and coalesce(booked.paired_account, 'any') = bank_seen.account_id
    left join ledger_bills
        on
            payments.business_id = ledger_bills.business_id
            and payments.bill_id = ledger_bills.record_id
    left join paying_bills
        on
            payments.business_id = paying_bills.business_id
            and payments.ramp_bill_id = paying_bills.record_id
    left join executions
        on
            payments.business_id = executions.business_id
            and payments.executed_bill_id = executions.ramp_bill_id
    left join settlements
        on
            payments.business_id = settlements.business_id
            and payments.bill_id = settlements.bill_id
            and payments.bill_payment_id = settlements.bill_payment_id
    left join debits as own
        on
            payments.business_id = own.business_id
            and payments.bill_payment_id = own.left_id
            and own.left_rail = 'qbo'
    left join debits as drawn
        on
            payments.business_id = drawn.business_id
            and payments.executed_bill_id = drawn.left_id
            and drawn.left_rail = 'ramp'
    left join ambiguous
        on
            payments.business_id = ambiguous.business_id
            and payments.ledger_event = ambiguous.left_event
)

select
    told.* exclude (exchange_rate),
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
