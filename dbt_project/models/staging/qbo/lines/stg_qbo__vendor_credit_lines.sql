with vendor_credits as (
    select * from {{ ref('stg_qbo__vendor_credits') }}
),

renamed as (
    select
        vendor_credits.business_id,
        vendor_credits.connection_id,
        vendor_credits.rail,
        vendor_credits.record_id as vendor_credit_id,
        unnest(range(1, len(vendor_credits.lines) + 1)) as line_number,
        unnest(vendor_credits.lines) as line,
        vendor_credits.vendor_id,
        vendor_credits.txn_date,
        vendor_credits.is_voided,
        vendor_credits.is_deleted,
        vendor_credits.synced_at
    from vendor_credits
)

select
    renamed.business_id,
    renamed.connection_id,
    renamed.rail,
    renamed.vendor_credit_id,
    renamed.line_number,
    renamed.line.line_id as line_id,
    renamed.line.description as description,
    renamed.line.amount as amount,
    renamed.line.detail_type as detail_type,
    renamed.line.account_id as account_id,
    renamed.line.item_id as item_id,
    coalesce(renamed.line.account_customer_id, renamed.line.item_customer_id) as customer_id,
    renamed.vendor_id,
    renamed.txn_date,
    renamed.is_voided,
    renamed.is_deleted,
    renamed.synced_at
from renamed
