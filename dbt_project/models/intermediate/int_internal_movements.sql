with accounts as (
    select * from {{ ref('int_ledger_accounts') }}
),

transfers as (
    select
        transfers.business_id,
        transfers.rail,
        'transfers' as entity,
        transfers.record_id,
        transfers.change_id,
        case when coalesce(from_accounts.is_bank, false) then transfers.from_account_id else transfers.to_account_id end as account_id,
        transfers.txn_date as movement_date,
        transfers.total_amount * (case when coalesce(from_accounts.is_bank, false) then -1 else 1 end) as amount,
        transfers.currency,
        transfers.exchange_rate,
        cast(null as varchar) as party_type,
        cast(null as varchar) as party_id,
        cast(null as varchar) as party_name,
        false as is_card,
        false as is_payroll,
        transfers.synced_at
    from {{ ref('stg_qbo__transfers') }} as transfers
    left join accounts as from_accounts
        on
            transfers.business_id = from_accounts.business_id
            and transfers.from_account_id = from_accounts.account_id
    left join accounts as to_accounts
        on
            transfers.business_id = to_accounts.business_id
            and transfers.to_account_id = to_accounts.account_id
    where
        not transfers.is_deleted
        and not transfers.is_voided
        and coalesce(from_accounts.is_bank, false) != coalesce(to_accounts.is_bank, false)
        and not coalesce(from_accounts.is_card, false)
        and not coalesce(to_accounts.is_card, false)
),

-- One entry is netted over its bank lines, so that moving money between own accounts by journal cancels out; what
-- lowers a card balance is the payment of the card.
journal_parts as (
    select
        lines.business_id,
        lines.journal_entry_id,
        lines.txn_date,
        min(lines.account_id) filter (accounts.is_bank) as account_id,
        sum(lines.amount * (case lines.posting_type when 'Debit' then 1 else -1 end)) filter (accounts.is_bank) as bank_amount,
        sum(lines.amount * (case lines.posting_type when 'Debit' then 1 else -1 end)) filter (accounts.is_card) as card_amount,
        bool_or(accounts.is_payroll) as is_payroll
    from {{ ref('stg_qbo__journal_entry_lines') }} as lines
    inner join accounts
        on
            lines.business_id = accounts.business_id
            and lines.account_id = accounts.account_id
    where accounts.is_bank or accounts.is_card or accounts.is_payroll
    group by lines.business_id, lines.journal_entry_id, lines.txn_date
),

journal_entries as (
    select
        entries.business_id,
        entries.rail,
        'journal_entries' as entity,
        entries.record_id,
        entries.change_id,
        journal_parts.account_id,
        entries.txn_date as movement_date,
        case
            when journal_parts.bank_amount < 0
                then least(journal_parts.bank_amount + greatest(coalesce(journal_parts.card_amount, 0), 0), 0)
            else journal_parts.bank_amount
        end as amount,
        entries.currency,
        entries.exchange_rate,
        cast(null as varchar) as party_type,
        cast(null as varchar) as party_id,
        cast(null as varchar) as party_name,
        false as is_card,
        journal_parts.is_payroll,
        entries.synced_at
    from {{ ref('stg_qbo__journal_entries') }} as entries
    inner join journal_parts
        on
            entries.business_id = journal_parts.business_id
            and entries.record_id = journal_parts.journal_entry_id
            and entries.txn_date = journal_parts.txn_date
    where
        not entries.is_deleted
        and not entries.is_voided
        and journal_parts.bank_amount != 0
)

select * from transfers
union all by name
select * from journal_entries
