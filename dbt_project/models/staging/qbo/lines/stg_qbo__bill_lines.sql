with bills as (
    select * from {{ ref('stg_qbo__bills') }}
),

renamed as (
    select
        bills.business_id,
        bills.connection_id,
        bills.rail,
        bills.record_id as bill_id,
        unnest(range(1, len(bills.lines) + 1)) as line_number,
        unnest(bills.lines) as line,
        bills.vendor_id,
        bills.txn_date,
        bills.is_voided,
        bills.is_deleted,
        bills.synced_at
    from bills
)

select
    renamed.business_id,
    renamed.connection_id,
    renamed.rail,
    renamed.bill_id,
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
