with payments as (
    select * from {{ ref('stg_qbo__payments') }}
),

renamed as (
    select
        payments.business_id,
        payments.connection_id,
        payments.rail,
        payments.record_id as payment_id,
        unnest(range(1, len(payments.lines) + 1)) as line_number,
        unnest(payments.lines) as line,
        payments.customer_id,
        payments.txn_date,
        payments.is_voided,
        payments.is_deleted,
        payments.synced_at
    from payments
)

select
    renamed.business_id,
    renamed.connection_id,
    renamed.rail,
    renamed.payment_id,
    renamed.line_number,
    renamed.line.amount as amount,
    renamed.line.links[1].txn_id as linked_txn_id,
    renamed.line.links[1].txn_type as linked_txn_type,
    renamed.customer_id,
    renamed.txn_date,
    renamed.is_voided,
    renamed.is_deleted,
    renamed.synced_at
from renamed
