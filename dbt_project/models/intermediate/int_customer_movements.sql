with accounts as (
    select * from {{ ref('int_ledger_accounts') }}
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
)

select * from customer_movements
union all by name
select * from deposits
