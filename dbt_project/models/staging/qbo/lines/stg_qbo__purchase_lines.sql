with purchases as (
    select * from {{ ref('stg_qbo__purchases') }}
),

renamed as (
    select
        purchases.business_id,
        purchases.connection_id,
        purchases.rail,
        purchases.record_id as purchase_id,
        unnest(range(1, len(purchases.lines) + 1)) as line_number,
        unnest(purchases.lines) as line,
        purchases.payee_id,
        purchases.payee_type,
        purchases.txn_date,
        purchases.is_voided,
        purchases.is_deleted,
        purchases.synced_at
    from purchases
)

select
    renamed.business_id,
    renamed.connection_id,
    renamed.rail,
    renamed.purchase_id,
    renamed.line_number,
    renamed.line.line_id as line_id,
    renamed.line.description as description,
    renamed.line.amount as amount,
    renamed.line.detail_type as detail_type,
    renamed.line.account_id as account_id,
    renamed.line.item_id as item_id,
    coalesce(renamed.line.account_customer_id, renamed.line.item_customer_id) as customer_id,
    renamed.payee_id,
    renamed.payee_type,
    renamed.txn_date,
    renamed.is_voided,
    renamed.is_deleted,
    renamed.synced_at
from renamed
