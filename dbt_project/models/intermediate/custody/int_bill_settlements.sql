{{ config(materialized='table') }}

with lines as (
    select * from {{ ref('stg_qbo__bill_payment_lines') }}
    where linked_txn_type = 'Bill'
),

payments as (
    select * from {{ ref('stg_qbo__bill_payments') }}
    where not is_deleted and not is_voided
)

select
    lines.business_id,
    lines.linked_txn_id as bill_id,
    payments.record_id as bill_payment_id,
    payments.change_id,
    payments.txn_date,
    payments.created_at,
    payments.document_number,
    payments.payment_type,
    -- A payment that credits alone make up moves no money.
    payments.total_amount != 0 as is_money,
    payments.currency,
    payments.synced_at,
    sum(lines.amount) as amount
from lines
inner join payments
    on
        lines.business_id = payments.business_id
        and lines.bill_payment_id = payments.record_id
group by all
