{{ config(materialized='table') }}

-- Amounts that a business has moved once on each side: what the ledger and the bank both tell of, whatever the account.
with once as (
    select
        records.business_id,
        records.role,
        records.amount,
        records.currency,
        any_value(records.own_account) as own_account,
        any_value(records.event_date) as event_date
    from {{ ref('int_money_records') }} as records
    where records.role in ('ledger_money', 'bank') and records.amount != 0 and records.own_account is not null
    group by records.business_id, records.role, records.amount, records.currency
    having count(*) = 1
),

window_days as (
    select * from {{ ref('match_pairs') }}
    where pair = 'bank_ledger'
),

policy as (
    select * from {{ ref('account_pair_policy') }}
),

ledger_accounts as (
    select * from {{ ref('int_ledger_accounts') }}
    where is_bank or is_card
),

bank_accounts as (
    select * from {{ ref('int_bank_accounts') }}
    where not is_superseded and not is_deleted
),

seen as (
    select
        books.business_id,
        books.own_account as ledger_account,
        banks.own_account as bank_account,
        count(*) as seen_count
    from once as books
    cross join window_days
    inner join once as banks
        on
            books.business_id = banks.business_id
            and books.amount = banks.amount
            and coalesce(books.currency = banks.currency, true)
            and banks.event_date - books.event_date between -window_days.days_before and window_days.days_after
    where books.role = 'ledger_money' and banks.role = 'bank'
    group by books.business_id, books.own_account, banks.own_account
),

-- An account in the books that bears the end of a bank account's number is that one, if no other of either side in its currency does.
named as (
    select
        ledger_accounts.business_id,
        ledger_accounts.account_id as ledger_account,
        bank_accounts.account_id as bank_account
    from ledger_accounts
    inner join bank_accounts
        on
            ledger_accounts.business_id = bank_accounts.business_id
            and coalesce(ledger_accounts.currency = bank_accounts.currency, true)
            and length(bank_accounts.mask) >= 4
            and list_contains(regexp_extract_all(ledger_accounts.account_name, '[0-9]+'), bank_accounts.mask)
    qualify
        count(*) over (partition by ledger_accounts.business_id, ledger_accounts.account_id) = 1
        and count(*) over (partition by ledger_accounts.business_id, bank_accounts.account_id) = 1
),

-- Each side by itself: nearly all that was seen of an account was on one account of the other side.
learnt as (
    select
        seen.business_id,
        'qbo' as rail,
        seen.ledger_account as own_account,
        seen.bank_account as paired_account
    from seen
    cross join policy
    qualify
        seen.seen_count >= policy.least_seen
        and seen.seen_count >= policy.least_share * sum(seen.seen_count) over (partition by seen.business_id, seen.ledger_account)

    union all

    select
        seen.business_id,
        'plaid' as rail,
        seen.bank_account as own_account,
        seen.ledger_account as paired_account
    from seen
    cross join policy
    qualify
        seen.seen_count >= policy.least_seen
        and seen.seen_count >= policy.least_share * sum(seen.seen_count) over (partition by seen.business_id, seen.bank_account)
),

told as (
    select
        named.business_id,
        'qbo' as rail,
        named.ledger_account as own_account,
        named.bank_account as paired_account
    from named

    union all

    select
        named.business_id,
        'plaid' as rail,
        named.bank_account as own_account,
        named.ledger_account as paired_account
    from named
)

select * from told

union all

select learnt.*
from learnt
anti join told
    on
        learnt.business_id = told.business_id
        and learnt.rail = told.rail
        and learnt.own_account = told.own_account
