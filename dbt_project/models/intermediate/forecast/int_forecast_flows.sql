{{ config(materialized='table') }}

with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

policy as (
    select * from {{ ref('forecast_policy') }}
),

accounts as (
    select * from {{ ref('int_ledger_accounts') }}
),

bank_sources as (
    select * from {{ ref('int_bank_sources') }}
    where is_flow_usable and is_cash_usable
),

wage_records as (
    {{ wage_records() }}
),

card_entries as (
    select
        lines.business_id,
        lines.journal_entry_id,
        min(lines.account_id) filter (accounts.is_card) as card_id,
        sum(lines.amount * (case lines.posting_type when 'Debit' then 1 else -1 end)) filter (accounts.is_card) as card_amount,
        sum(lines.amount * (case lines.posting_type when 'Debit' then -1 else 1 end)) filter (accounts.is_bank) as bank_amount
    from {{ ref('stg_qbo__journal_entry_lines') }} as lines
    inner join accounts
        on
            lines.business_id = accounts.business_id
            and lines.account_id = accounts.account_id
            and (accounts.is_bank or accounts.is_card)
    group by lines.business_id, lines.journal_entry_id
),

-- What a card was bought with moves cash when the card is paid, which no movement of int_cash_movements is.
card_payments as (
    select
        transfers.business_id,
        transfers.txn_date as flow_date,
        transfers.to_account_id as card_id,
        -transfers.total_amount as amount,
        coalesce(transfers.currency, calendar.home_currency) as currency,
        transfers.exchange_rate
    from {{ ref('stg_qbo__transfers') }} as transfers
    inner join calendar on transfers.business_id = calendar.business_id
    inner join accounts as banks
        on
            transfers.business_id = banks.business_id
            and transfers.from_account_id = banks.account_id
            and banks.is_bank
    inner join accounts as cards
        on
            transfers.business_id = cards.business_id
            and transfers.to_account_id = cards.account_id
            and cards.is_card
    where not transfers.is_deleted and not transfers.is_voided

    union all

    select
        purchases.business_id,
        purchases.txn_date as flow_date,
        lines.account_id as card_id,
        lines.amount * (case when purchases.is_credit then 1 else -1 end) as amount,
        coalesce(purchases.currency, calendar.home_currency) as currency,
        purchases.exchange_rate
    from {{ ref('stg_qbo__purchase_lines') }} as lines
    inner join accounts as cards
        on
            lines.business_id = cards.business_id
            and lines.account_id = cards.account_id
            and cards.is_card
    inner join calendar on lines.business_id = calendar.business_id
    inner join {{ ref('stg_qbo__purchases') }} as purchases
        on
            lines.business_id = purchases.business_id
            and lines.purchase_id = purchases.record_id
            and lines.txn_date = purchases.txn_date
    inner join accounts as banks
        on
            purchases.business_id = banks.business_id
            and purchases.account_id = banks.account_id
            and banks.is_bank
    where not purchases.is_deleted and not purchases.is_voided

    union all

    select
        entries.business_id,
        entries.txn_date as flow_date,
        card_entries.card_id,
        -least(card_entries.card_amount, card_entries.bank_amount) as amount,
        coalesce(entries.currency, calendar.home_currency) as currency,
        entries.exchange_rate
    from card_entries
    inner join calendar on card_entries.business_id = calendar.business_id
    inner join {{ ref('stg_qbo__journal_entries') }} as entries
        on
            card_entries.business_id = entries.business_id
            and card_entries.journal_entry_id = entries.record_id
            and not entries.is_deleted
            and not entries.is_voided
    where card_entries.card_amount > 0 and card_entries.bank_amount > 0
),

ledger_flows as (
    select
        movements.business_id,
        movements.movement_date as flow_date,
        -- Whom it is paid to; without a payee, what has the same amount is taken as one series.
        case
            when movements.direction = 'in' then null
            when wage_records.record_id is not null then 'payroll'
            when movements.is_payroll then 'payroll taxes'
            else coalesce(movements.party_type || ':' || movements.party_id, movements.entity || ':' || movements.amount)
        end as payee,
        case movements.direction when 'out' then -movements.amount else movements.amount end as amount
    from {{ ref('int_cash_movements') }} as movements
    left join wage_records
        on
            movements.business_id = wage_records.business_id
            and movements.entity = wage_records.entity
            and movements.record_id = wage_records.record_id
    where not movements.is_card

    union all

    select
        card_payments.business_id,
        card_payments.flow_date,
        'card:' || card_payments.card_id as payee,
        {{ home_amount('card_payments.amount', 'card_payments.currency', 'calendar.home_currency', 'card_payments.exchange_rate') }}
            as amount
    from card_payments
    inner join calendar on card_payments.business_id = calendar.business_id
),

bank_flows as (
    select
        movements.business_id,
        movements.movement_date as flow_date,
        case when movements.direction = 'out' and movements.movement_kind != 'internal' then 'name:' || movements.party_name end as payee,
        case movements.direction when 'out' then -movements.amount else movements.amount end as amount
    from {{ ref('int_bank_movements') }} as movements
    semi join bank_sources on movements.business_id = bank_sources.business_id
),

flows as (
    select
        ledger_flows.*,
        true as is_ledger,
        bank_sources.business_id is null as is_cash
    from ledger_flows
    left join bank_sources on ledger_flows.business_id = bank_sources.business_id

    union all

    select
        bank_flows.*,
        false as is_ledger,
        true as is_cash
    from bank_flows
)

select
    flows.business_id,
    flows.flow_date,
    flows.payee,
    flows.is_ledger,
    flows.is_cash,
    {{ money('sum(flows.amount)') }} as amount
from flows
inner join calendar on flows.business_id = calendar.business_id
cross join policy
where
    flows.flow_date > calendar.as_of_date - 7 * policy.history_weeks
    and flows.flow_date <= calendar.as_of_date
    and flows.amount is not null
group by flows.business_id, flows.flow_date, flows.payee, flows.is_ledger, flows.is_cash
