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
)

-- From the bank where it is current: what it shows, less what stays inside, and what was bought by card.
select
    ledger_movements.business_id,
    ledger_movements.rail,
    ledger_movements.entity,
    ledger_movements.record_id,
    ledger_movements.change_id,
    ledger_movements.account_id,
    ledger_movements.movement_date,
    ledger_movements.direction,
    ledger_movements.amount,
    ledger_movements.currency,
    ledger_movements.original_amount,
    ledger_movements.original_currency,
    ledger_movements.party_type,
    ledger_movements.party_id,
    ledger_movements.party_name,
    ledger_movements.is_card,
    ledger_movements.is_bill_payment,
    ledger_movements.is_payroll,
    ledger_movements.synced_at
from ledger_movements
left join bank_sources on ledger_movements.business_id = bank_sources.business_id
where bank_sources.business_id is null or ledger_movements.is_card

union all

select
    bank_movements.business_id,
    bank_movements.rail,
    bank_movements.entity,
    bank_movements.record_id,
    bank_movements.change_id,
    bank_movements.account_id,
    bank_movements.movement_date,
    bank_movements.direction,
    bank_movements.amount,
    bank_movements.currency,
    bank_movements.original_amount,
    bank_movements.original_currency,
    cast(null as varchar) as party_type,
    cast(null as varchar) as party_id,
    bank_movements.party_name,
    bank_movements.is_card,
    cast(null as boolean) as is_bill_payment,
    cast(null as boolean) as is_payroll,
    bank_movements.synced_at
from bank_movements
inner join bank_sources on bank_movements.business_id = bank_sources.business_id
where bank_movements.movement_kind = 'external'

union all

select
    card_movements.business_id,
    card_movements.rail,
    card_movements.entity,
    card_movements.record_id,
    card_movements.change_id,
    card_movements.account_id,
    card_movements.movement_date,
    card_movements.direction,
    card_movements.amount,
    card_movements.currency,
    card_movements.original_amount,
    card_movements.original_currency,
    cast(null as varchar) as party_type,
    cast(null as varchar) as party_id,
    card_movements.party_name,
    card_movements.is_card,
    cast(null as boolean) as is_bill_payment,
    cast(null as boolean) as is_payroll,
    card_movements.synced_at
from card_movements
