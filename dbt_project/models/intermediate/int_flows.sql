{{ config(materialized='table') }}

with ledger_movements as (
    select * from {{ ref('int_cash_movements') }}
    where {{ within_days('movement_date', 180) }}
),

bank_movements as (
    select * from {{ ref('int_bank_movements') }}
    where {{ within_days('movement_date', 180) }}
),

card_movements as (
    select * from {{ ref('int_card_movements') }}
    where {{ within_days('movement_date', 180) }}
),

bank_sources as (
    select * from {{ ref('int_bank_sources') }}
    where is_flow_usable
),

-- From the bank where it is current: what it shows, less what stays inside, and what was bought by card.
movements as (
    select ledger_movements.*
    from ledger_movements
    left join bank_sources on ledger_movements.business_id = bank_sources.business_id
    where bank_sources.business_id is null or ledger_movements.is_card

    union all by name

    select bank_movements.*
    from bank_movements
    inner join bank_sources on bank_movements.business_id = bank_sources.business_id
    where bank_movements.movement_kind = 'external'

    union all by name

    select card_movements.*
    from card_movements
)

-- Only the ledger says of which party a movement is, and whether it pays a bill.
select
    movements.business_id,
    movements.rail,
    movements.entity,
    movements.record_id,
    movements.change_id,
    movements.account_id,
    movements.movement_date,
    movements.direction,
    movements.amount,
    movements.currency,
    movements.original_amount,
    movements.original_currency,
    movements.party_type,
    movements.party_id,
    movements.party_name,
    movements.is_card,
    movements.is_bill_payment,
    movements.synced_at
from movements
