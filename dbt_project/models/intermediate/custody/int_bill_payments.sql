{{ config(materialized='table') }}

with executions as (
    select * from {{ ref('int_bill_executions') }}
),

settlements as (
    select * from {{ ref('int_bill_settlements') }}
),

-- The debits of a day together show no more than that the day's payments left the bank.
debits as (
    select * from {{ ref('int_bill_debits') }}
    where rule != 'run'
),

ledger_bills as (
    select * from {{ ref('int_ledger_bills') }}
    where is_open and open_amount > 0
),

links as (
    select * from {{ ref('int_bill_links') }}
),

-- The ledger's payment that stands for the service's: of one day, written by the service itself, or with the same money at the
-- bank. A later one of the same amount does too unless it has another debit or the number of a check, or was entered while the service
-- was still paying: H29 told of it then, and when the service's arrives it becomes no other.
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
                and (executions.paid_at_source != 'told' or coalesce(settlements.created_at >= executions.paid_at, true))
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

-- A bill that is owed and that nobody is paying yet.
owed as (
    select
        ledger_bills.business_id,
        ledger_bills.record_id as bill_id,
        links.ramp_bill_id,
        links.link_tier
    from ledger_bills
    left join links
        on
            ledger_bills.business_id = links.business_id
            and ledger_bills.record_id = links.bill_id
    anti join executions
        on
            ledger_bills.business_id = executions.business_id
            and ledger_bills.record_id = executions.bill_id
)

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

union all

select
    owed.business_id,
    owed.bill_id,
    owed.ramp_bill_id,
    owed.link_tier,
    cast(null as varchar) as bill_payment_id,
    false as is_executed_by_rail
from owed
