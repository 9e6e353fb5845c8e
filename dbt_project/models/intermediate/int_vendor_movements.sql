with accounts as (
    select * from {{ ref('int_ledger_accounts') }}
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
)

select * from bill_payments
union all by name
select * from purchases
