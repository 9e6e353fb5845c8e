{{ config(materialized='table') }}

with connections as (
    select * from {{ ref('stg_control__connections') }}
    where rail = 'plaid'
),

sync_states as (
    select * from {{ ref('stg_control__sync_states') }}
    where rail = 'plaid' and entity = 'transactions'
),

accounts as (
    select * from {{ ref('int_bank_accounts') }}
),

transactions as (
    select * from {{ ref('int_bank_transactions') }}
),

-- A login looks back equally far on all its accounts, so that one without transactions had none.
first_of_logins as (
    select
        transactions.business_id,
        transactions.connection_id,
        min(transactions.posted_date) as seen_from
    from transactions
    group by transactions.business_id, transactions.connection_id
),

-- What a former login saw of an account is its current one's too.
first_of_accounts as (
    select
        transactions.business_id,
        transactions.current_account_id as account_id,
        min(transactions.posted_date) as seen_from
    from transactions
    group by transactions.business_id, transactions.current_account_id
),

-- Read a minute ago, Plaid's copy can be of a day on which it last reached the bank.
logins as (
    select
        connections.business_id,
        connections.connection_id,
        connections.is_removed is not true as is_in_use,
        first_of_logins.seen_from,
        cast({{ utc('least(sync_states.last_success_at, sync_states.source_read_at)') }} as date) as seen_until
    from connections
    left join sync_states
        on
            connections.business_id = sync_states.business_id
            and connections.connection_id = sync_states.connection_id
    left join first_of_logins
        on
            connections.business_id = first_of_logins.business_id
            and connections.connection_id = first_of_logins.connection_id
),

of_accounts as (
    select
        accounts.business_id,
        accounts.account_id,
        least(logins.seen_from, first_of_accounts.seen_from) as seen_from,
        case
            when accounts.is_deleted then least(logins.seen_until, cast({{ utc('accounts.synced_at') }} as date))
            else logins.seen_until
        end as seen_until
    from accounts
    inner join logins
        on
            accounts.business_id = logins.business_id
            and accounts.connection_id = logins.connection_id
    left join first_of_accounts
        on
            accounts.business_id = first_of_accounts.business_id
            and accounts.account_id = first_of_accounts.account_id
    where not accounts.is_superseded
),

card_logins as (
    select
        accounts.business_id,
        accounts.connection_id
    from accounts
    group by accounts.business_id, accounts.connection_id
    having bool_and(coalesce(accounts.account_type = 'credit', false))
),

-- Money whose account is not known may have moved on any: all logins in use must have been read since, but those to nothing but cards.
of_all as (
    select
        logins.business_id,
        min(logins.seen_from) as seen_from,
        case
            when not bool_or(logins.is_in_use) then max(logins.seen_until)
            when bool_and(logins.seen_until is not null) filter (logins.is_in_use) then min(logins.seen_until) filter (logins.is_in_use)
        end as seen_until
    from logins
    anti join card_logins
        on
            logins.business_id = card_logins.business_id
            and logins.connection_id = card_logins.connection_id
    group by logins.business_id
)

select
    of_accounts.business_id,
    of_accounts.account_id,
    of_accounts.seen_from,
    of_accounts.seen_until
from of_accounts
where of_accounts.seen_from is not null

union all

select
    of_all.business_id,
    'any' as account_id,
    of_all.seen_from,
    of_all.seen_until
from of_all
where of_all.seen_from is not null
