with accounts as (
    select
        accounts.business_id,
        accounts.record_id as account_id,
        accounts.account_type = 'Bank' as is_bank,
        accounts.account_type = 'Credit Card' as is_card,
        coalesce(accounts.account_sub_type ilike 'payroll%' or accounts.account_name ilike '%payroll%', false) as is_payroll
    from {{ ref('stg_qbo__accounts') }} as accounts
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

bill_payments as (
    select
        payments.business_id,
        payments.rail,
        'bill_payments' as entity,
        payments.record_id,
        payments.change_id,
        coalesce(payments.bank_account_id, payments.card_account_id) as account_id,
        payments.txn_date as movement_date,
        -payments.total_amount as amount,
        payments.currency,
        payments.exchange_rate,
        'vendor' as party_type,
        payments.vendor_id as party_id,
        payments.vendor_name as party_name,
        payments.bank_account_id is null as is_card,
        false as is_payroll,
        payments.synced_at
    from {{ ref('stg_qbo__bill_payments') }} as payments
    where not payments.is_deleted and not payments.is_voided
),

-- Lines carry their record's date, so that a filter on the date of the movement reaches them too.
-- Paying a card or moving money to another own account is no outflow: those lines are taken off.
purchase_lines as (
    select
        lines.business_id,
        lines.purchase_id,
        lines.txn_date,
        sum(lines.amount) filter (accounts.is_bank or accounts.is_card) as own_amount,
        bool_or(accounts.is_payroll) as is_payroll
    from {{ ref('stg_qbo__purchase_lines') }} as lines
    inner join accounts
        on
            lines.business_id = accounts.business_id
            and lines.account_id = accounts.account_id
    where accounts.is_bank or accounts.is_card or accounts.is_payroll
    group by lines.business_id, lines.purchase_id, lines.txn_date
),

purchases as (
    select
        purchases.business_id,
        purchases.rail,
        'purchases' as entity,
        purchases.record_id,
        purchases.change_id,
        purchases.account_id,
        purchases.txn_date as movement_date,
        (purchases.total_amount - coalesce(purchase_lines.own_amount, 0))
        * (case when purchases.is_credit then 1 else -1 end) as amount,
        purchases.currency,
        purchases.exchange_rate,
        lower(purchases.payee_type) as party_type,
        purchases.payee_id as party_id,
        purchases.payee_name as party_name,
        coalesce(accounts.is_card, false) as is_card,
        coalesce(purchase_lines.is_payroll, false) as is_payroll,
        purchases.synced_at
    from {{ ref('stg_qbo__purchases') }} as purchases
    inner join accounts
        on
            purchases.business_id = accounts.business_id
            and purchases.account_id = accounts.account_id
    left join purchase_lines
        on
            purchases.business_id = purchase_lines.business_id
            and purchases.record_id = purchase_lines.purchase_id
            and purchases.txn_date = purchase_lines.txn_date
    where
        not purchases.is_deleted
        and not purchases.is_voided
        and (accounts.is_bank or accounts.is_card)
),

customer_money as (
    select
        payments.business_id,
        payments.rail,
        'payments' as entity,
        payments.record_id,
        payments.change_id,
        payments.deposit_account_id as account_id,
        payments.txn_date as movement_date,
        payments.total_amount as amount,
        payments.currency,
        payments.exchange_rate,
        payments.customer_id as party_id,
        payments.customer_name as party_name,
        payments.synced_at
    from {{ ref('stg_qbo__payments') }} as payments
    where not payments.is_deleted and not payments.is_voided

    union all

    select
        receipts.business_id,
        receipts.rail,
        'sales_receipts' as entity,
        receipts.record_id,
        receipts.change_id,
        receipts.deposit_account_id as account_id,
        receipts.txn_date as movement_date,
        receipts.total_amount as amount,
        receipts.currency,
        receipts.exchange_rate,
        receipts.customer_id as party_id,
        receipts.customer_name as party_name,
        receipts.synced_at
    from {{ ref('stg_qbo__sales_receipts') }} as receipts
    where not receipts.is_deleted and not receipts.is_voided

    union all

    select
        refunds.business_id,
        refunds.rail,
        'refund_receipts' as entity,
        refunds.record_id,
        refunds.change_id,
        refunds.account_id,
        refunds.txn_date as movement_date,
        -refunds.total_amount as amount,
        refunds.currency,
        refunds.exchange_rate,
        refunds.customer_id as party_id,
        refunds.customer_name as party_name,
        refunds.synced_at
    from {{ ref('stg_qbo__refund_receipts') }} as refunds
    where not refunds.is_deleted and not refunds.is_voided
),

-- Money kept in undeposited funds reaches the bank with its deposit, so only a bank account counts here.
customer_movements as (
    select
        customer_money.business_id,
        customer_money.rail,
        customer_money.entity,
        customer_money.record_id,
        customer_money.change_id,
        customer_money.account_id,
        customer_money.movement_date,
        customer_money.amount,
        customer_money.currency,
        customer_money.exchange_rate,
        'customer' as party_type,
        customer_money.party_id,
        customer_money.party_name,
        accounts.is_card,
        false as is_payroll,
        customer_money.synced_at
    from customer_money
    inner join accounts
        on
            customer_money.business_id = accounts.business_id
            and customer_money.account_id = accounts.account_id
    where accounts.is_bank or accounts.is_card
),

deposit_parts as (
    select
        lines.business_id,
        lines.deposit_id,
        lines.txn_date,
        lines.amount > 0 as is_inflow,
        sum(lines.amount) as amount,
        any_value(lower(lines.party_type)) as party_type,
        any_value(lines.party_id) as party_id,
        any_value(lines.party_name) as party_name
    from {{ ref('stg_qbo__deposit_lines') }} as lines
    left join accounts
        on
            lines.business_id = accounts.business_id
            and lines.account_id = accounts.account_id
    where not coalesce(accounts.is_bank, false)
    group by lines.business_id, lines.deposit_id, lines.txn_date, is_inflow
),

deposits as (
    select
        deposits.business_id,
        deposits.rail,
        'deposits' as entity,
        deposits.record_id,
        deposits.change_id,
        deposits.account_id,
        deposits.txn_date as movement_date,
        deposit_parts.amount
        - case
            when deposit_parts.is_inflow and not coalesce(cash_back_accounts.is_bank, false) then coalesce(deposits.cash_back_amount, 0)
            else 0
        end as amount,
        deposits.currency,
        deposits.exchange_rate,
        deposit_parts.party_type,
        deposit_parts.party_id,
        deposit_parts.party_name,
        false as is_card,
        false as is_payroll,
        deposits.synced_at
    from {{ ref('stg_qbo__deposits') }} as deposits
    inner join accounts
        on
            deposits.business_id = accounts.business_id
            and deposits.account_id = accounts.account_id
            and accounts.is_bank
    inner join deposit_parts
        on
            deposits.business_id = deposit_parts.business_id
            and deposits.record_id = deposit_parts.deposit_id
            and deposits.txn_date = deposit_parts.txn_date
    left join accounts as cash_back_accounts
        on
            deposits.business_id = cash_back_accounts.business_id
            and deposits.cash_back_account_id = cash_back_accounts.account_id
    where not deposits.is_deleted and not deposits.is_voided
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
),

movements as (
    select * from bill_payments
    union all by name
    select * from purchases
    union all by name
    select * from customer_movements
    union all by name
    select * from deposits
    union all by name
    select * from transfers
    union all by name
    select * from journal_entries
)

select
    movements.business_id,
    movements.rail,
    movements.entity,
    movements.record_id,
    movements.change_id,
    movements.account_id,
    movements.movement_date,
    case when movements.amount < 0 then 'out' else 'in' end as direction,
    {{ money('abs(movements.amount)') }} as original_amount,
    coalesce(movements.currency, calendar.home_currency) as original_currency,
    {{ home_amount('abs(movements.amount)', 'coalesce(movements.currency, calendar.home_currency)', 'calendar.home_currency', 'movements.exchange_rate') }}
        as amount,
    calendar.home_currency as currency,
    movements.party_type,
    movements.party_id,
    movements.party_name,
    movements.is_card,
    movements.is_payroll,
    movements.entity = 'bill_payments' as is_bill_payment,
    movements.synced_at
from movements
inner join calendar on movements.business_id = calendar.business_id
where movements.amount != 0
