with bill_payments as (
    select * from {{ ref('stg_qbo__bill_payments') }}
),

renamed as (
    select
        bill_payments.business_id,
        bill_payments.connection_id,
        bill_payments.rail,
        bill_payments.record_id as bill_payment_id,
        unnest(range(1, len(bill_payments.lines) + 1)) as line_number,
        unnest(bill_payments.lines) as line,
        bill_payments.vendor_id,
        bill_payments.txn_date,
        bill_payments.is_voided,
        bill_payments.is_deleted,
        bill_payments.synced_at
    from bill_payments
)

select
    renamed.business_id,
    renamed.connection_id,
    renamed.rail,
    renamed.bill_payment_id,
    renamed.line_number,
    renamed.line.amount as amount,
    renamed.line.links[1].txn_id as linked_txn_id,
    renamed.line.links[1].txn_type as linked_txn_type,
    renamed.vendor_id,
    renamed.txn_date,
    renamed.is_voided,
    renamed.is_deleted,
    renamed.synced_at
from renamed
