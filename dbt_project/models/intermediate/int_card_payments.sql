with accounts as (
    select * from {{ ref('int_ledger_accounts') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
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

payments as (
    select
        transfers.business_id,
        'transfers' as entity,
        transfers.record_id,
        transfers.txn_date as flow_date,
        transfers.to_account_id as card_id,
        -transfers.total_amount as amount,
        transfers.currency,
        transfers.exchange_rate
    from {{ ref('stg_qbo__transfers') }} as transfers
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
        'purchases' as entity,
        purchases.record_id,
        purchases.txn_date as flow_date,
        lines.account_id as card_id,
        lines.amount * (case when purchases.is_credit then 1 else -1 end) as amount,
        purchases.currency,
        purchases.exchange_rate
    from {{ ref('stg_qbo__purchase_lines') }} as lines
    inner join accounts as cards
        on
            lines.business_id = cards.business_id
            and lines.account_id = cards.account_id
            and cards.is_card
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
        'journal_entries' as entity,
        entries.record_id,
        entries.txn_date as flow_date,
        card_entries.card_id,
        -least(card_entries.card_amount, card_entries.bank_amount) as amount,
        entries.currency,
        entries.exchange_rate
    from card_entries
    inner join {{ ref('stg_qbo__journal_entries') }} as entries
        on
            card_entries.business_id = entries.business_id
            and card_entries.journal_entry_id = entries.record_id
            and not entries.is_deleted
            and not entries.is_voided
    where card_entries.card_amount > 0 and card_entries.bank_amount > 0
)

select
    payments.business_id,
    payments.entity,
    payments.record_id,
    payments.flow_date,
    payments.card_id,
    payments.amount as original_amount,
    {{ home_amount(
        'payments.amount', 'coalesce(payments.currency, calendar.home_currency)', 'calendar.home_currency', 'payments.exchange_rate'
    ) }} as amount
from payments
inner join calendar on payments.business_id = calendar.business_id
