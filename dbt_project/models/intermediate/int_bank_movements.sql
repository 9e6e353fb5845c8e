{{ config(materialized='table') }}

-- Of every account that holds cash or has held it: one that was closed since has spent what it spent.
with transactions as (
    select * from {{ ref('int_bank_transactions') }}
    where account_type = 'depository'
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

rates as (
    select * from {{ ref('int_exchange_rates') }}
),

own as (
    select * from {{ ref('int_own_transfers') }}
),

posted as (
    select
        transactions.business_id,
        transactions.connection_id,
        transactions.rail,
        transactions.record_id,
        transactions.change_id,
        transactions.account_id,
        transactions.posted_date,
        transactions.amount,
        coalesce(transactions.currency, calendar.home_currency) as currency,
        calendar.home_currency,
        coalesce(transactions.merchant_name, transactions.description) as party_name,
        transactions.category_primary,
        transactions.category_detailed,
        transactions.synced_at
    from transactions
    inner join calendar on transactions.business_id = calendar.business_id
    where
        transactions.amount != 0
        and transactions.posted_date is not null
),

-- A move that the ledger books, and of which both sides are seen, whatever the bank calls them.
booked_moves as (
    select
        posted.business_id,
        posted.record_id
    from posted
    inner join own
        on
            posted.business_id = own.business_id
            and posted.record_id = own.record_id
            and own.movement_kind = 'internal'
    qualify count(*) over (partition by own.business_id, own.move_id) = 2
),

-- Equal transfers of one account and day are told apart by their place among them.
legs as (
    select
        posted.business_id,
        posted.record_id,
        posted.account_id,
        posted.posted_date,
        posted.amount,
        posted.currency,
        row_number() over (
            partition by posted.business_id, posted.account_id, posted.posted_date, posted.amount, posted.currency
            order by posted.record_id
        ) as place
    from posted
    anti join booked_moves
        on
            posted.business_id = booked_moves.business_id
            and posted.record_id = booked_moves.record_id
    where posted.category_primary in ('TRANSFER_IN', 'TRANSFER_OUT')
),

-- And one that the bank calls so: the same amount out of one and into another within five days, each the
-- other's nearest. A transfer whose other side no connected account shows has left the cash that is counted.
internal as (
    select
        outgoing.business_id,
        outgoing.record_id as out_id,
        incoming.record_id as in_id
    from legs as outgoing
    inner join legs as incoming
        on
            outgoing.business_id = incoming.business_id
            and outgoing.amount = -incoming.amount
            and outgoing.currency = incoming.currency
            and outgoing.place = incoming.place
            and outgoing.account_id != incoming.account_id
            and abs(incoming.posted_date - outgoing.posted_date) <= 5
    where outgoing.amount < 0
    qualify
        row_number() over (
            partition by outgoing.business_id, outgoing.record_id
            order by abs(incoming.posted_date - outgoing.posted_date) asc, incoming.record_id asc
        ) = 1
        and row_number() over (
            partition by incoming.business_id, incoming.record_id
            order by abs(incoming.posted_date - outgoing.posted_date) asc, outgoing.record_id asc
        ) = 1
),

internal_sides as (
    select
        internal.business_id,
        internal.out_id as record_id
    from internal

    union all

    select
        internal.business_id,
        internal.in_id as record_id
    from internal

    union all

    select
        booked_moves.business_id,
        booked_moves.record_id
    from booked_moves
),

sorted as (
    select
        posted.*,
        case
            when internal_sides.record_id is not null then 'internal'
            when
                posted.amount < 0
                and (posted.category_detailed = 'LOAN_PAYMENTS_CREDIT_CARD_PAYMENT' or own.movement_kind = 'card_payment')
                then 'card_payment'
            else 'external'
        end as movement_kind
    from posted
    left join internal_sides
        on
            posted.business_id = internal_sides.business_id
            and posted.record_id = internal_sides.record_id
    left join own
        on
            posted.business_id = own.business_id
            and posted.record_id = own.record_id
)

select
    sorted.business_id,
    sorted.rail,
    'transactions' as entity,
    sorted.record_id,
    sorted.change_id,
    sorted.account_id,
    sorted.posted_date as movement_date,
    sorted.movement_kind,
    case when sorted.amount < 0 then 'out' else 'in' end as direction,
    {{ money('abs(sorted.amount)') }} as original_amount,
    sorted.currency as original_currency,
    {{ home_amount('abs(sorted.amount)', 'sorted.currency', 'sorted.home_currency', 'rates.exchange_rate') }} as amount,
    sorted.home_currency as currency,
    sorted.party_name,
    false as is_card,
    sorted.synced_at
from sorted
asof left join rates
    on
        sorted.business_id = rates.business_id
        and sorted.currency = rates.currency
        and sorted.posted_date >= rates.rate_date
