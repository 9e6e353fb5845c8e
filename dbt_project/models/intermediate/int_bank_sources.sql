{{ config(materialized='table') }}

with connections as (
    select * from {{ ref('stg_control__connections') }}
    where rail = 'plaid' and is_removed is not true
),

sync_states as (
    select * from {{ ref('stg_control__sync_states') }}
    where rail = 'plaid' and entity in ('balances', 'transactions')
),

balances as (
    select * from {{ ref('int_bank_balances') }}
),

movements as (
    select * from {{ ref('int_bank_movements') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

-- What Plaid serves is a copy: read a minute ago, it can be of a day on which Plaid last reached the bank. Where Plaid does not
-- say when that was, the age is that of the reading.
judged as (
    select
        sync_states.business_id,
        sync_states.connection_id,
        sync_states.entity,
        {{ minutes_between('sync_states.last_success_at', 'calendar.run_at') }} <= 1440
        and coalesce({{ minutes_between('sync_states.source_read_at', 'calendar.run_at') }} <= 1440, true) as is_current
    from sync_states
    inner join calendar on sync_states.business_id = calendar.business_id
),

-- A business can have logins at several banks. One of them older than a day leaves part of the cash unknown, so that the
-- ledger, which has all of it, is taken instead.
ages as (
    select
        connections.business_id,
        bool_and(coalesce(balance_states.is_current, false)) as are_balances_current,
        bool_and(coalesce(transaction_states.is_current, false)) as are_transactions_current
    from connections
    inner join calendar on connections.business_id = calendar.business_id
    left join judged as balance_states
        on
            connections.business_id = balance_states.business_id
            and connections.connection_id = balance_states.connection_id
            and balance_states.entity = 'balances'
    left join judged as transaction_states
        on
            connections.business_id = transaction_states.business_id
            and connections.connection_id = transaction_states.connection_id
            and transaction_states.entity = 'transactions'
    group by connections.business_id
),

cash as (
    select
        balances.business_id,
        count(*) = count(balances.balance_amount) as are_balances_readable,
        {{ money('sum(balances.home_balance_amount)') }} as bank_cash
    from balances
    group by balances.business_id
),

history as (
    select
        movements.business_id,
        min(movements.movement_date) as first_movement_date
    from movements
    group by movements.business_id
)

-- A login all of whose accounts are closed says nothing of where money goes now.
select
    ages.business_id,
    ages.are_balances_current and coalesce(cash.are_balances_readable, false) as is_cash_usable,
    ages.are_transactions_current and history.first_movement_date is not null and cash.business_id is not null as is_flow_usable,
    cash.bank_cash,
    history.first_movement_date
from ages
left join cash on ages.business_id = cash.business_id
left join history on ages.business_id = history.business_id
