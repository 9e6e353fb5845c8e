with invoices as (
    select * from {{ ref('stg_qbo__invoices') }}
),

renamed as (
    select
        invoices.business_id,
        invoices.connection_id,
        invoices.rail,
        invoices.record_id as invoice_id,
        unnest(range(1, len(invoices.lines) + 1)) as line_number,
        unnest(invoices.lines) as line,
        invoices.customer_id,
        invoices.txn_date,
        invoices.is_voided,
        invoices.is_deleted,
        invoices.synced_at
    from invoices
)

select
    renamed.business_id,
    renamed.connection_id,
    renamed.rail,
    renamed.invoice_id,
    renamed.line_number,
    renamed.line.line_id as line_id,
    renamed.line.description as description,
    renamed.line.amount as amount,
    renamed.line.detail_type as detail_type,
    renamed.line.item_id as item_id,
    renamed.line.item_account_id as item_account_id,
    renamed.customer_id,
    renamed.txn_date,
    renamed.is_voided,
    renamed.is_deleted,
    renamed.synced_at
from renamed
