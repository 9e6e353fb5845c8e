with bill_lines as (
    select * from {{ ref('stg_qbo__bill_lines') }}
),

purchase_lines as (
    select * from {{ ref('stg_qbo__purchase_lines') }}
),

items as (
    select * from {{ ref('stg_qbo__items') }}
),

accounts as (
    select * from {{ ref('stg_qbo__accounts') }}
),

lines as (
    select
        bill_lines.business_id,
        bill_lines.rail,
        'bills' as entity,
        bill_lines.bill_id as record_id,
        bill_lines.line_number,
        bill_lines.vendor_id,
        bill_lines.txn_date,
        bill_lines.description,
        bill_lines.amount,
        bill_lines.detail_type,
        bill_lines.account_id,
        bill_lines.item_id
    from bill_lines
    where not bill_lines.is_deleted and not bill_lines.is_voided

    union all

    select
        purchase_lines.business_id,
        purchase_lines.rail,
        'purchases' as entity,
        purchase_lines.purchase_id as record_id,
        purchase_lines.line_number,
        case when purchase_lines.payee_type = 'Vendor' then purchase_lines.payee_id end as vendor_id,
        purchase_lines.txn_date,
        purchase_lines.description,
        purchase_lines.amount,
        purchase_lines.detail_type,
        purchase_lines.account_id,
        purchase_lines.item_id
    from purchase_lines
    where not purchase_lines.is_deleted and not purchase_lines.is_voided
),

resolved as (
    select
        lines.* exclude (account_id),
        coalesce(lines.account_id, items.expense_account_id, items.asset_account_id) as account_id
    from lines
    left join items
        on
            lines.business_id = items.business_id
            and lines.item_id = items.record_id
    where lines.detail_type in ('AccountBasedExpenseLineDetail', 'ItemBasedExpenseLineDetail')
)

select
    resolved.business_id,
    resolved.rail,
    resolved.entity,
    resolved.record_id,
    resolved.line_number,
    resolved.vendor_id,
    resolved.txn_date,
    resolved.description,
    resolved.amount,
    resolved.item_id,
    resolved.account_id,
    accounts.fully_qualified_name as account_name,
    accounts.account_type,
    accounts.account_sub_type
from resolved
left join accounts
    on
        resolved.business_id = accounts.business_id
        and resolved.account_id = accounts.record_id
