with rejections as (
    {{ rejected_in(ref('stg_qbo__company_info'), 'company_info') }}
    union all
    {{ rejected_in(ref('stg_qbo__preferences'), 'preferences') }}
    union all
    {{ rejected_in(ref('stg_qbo__accounts'), 'accounts') }}
    union all
    {{ rejected_in(ref('stg_qbo__vendors'), 'vendors') }}
    union all
    {{ rejected_in(ref('stg_qbo__customers'), 'customers') }}
    union all
    {{ rejected_in(ref('stg_qbo__items'), 'items') }}
    union all
    {{ rejected_in(ref('stg_qbo__terms'), 'terms') }}
    union all
    {{ rejected_in(ref('stg_qbo__bills'), 'bills') }}
    union all
    {{ rejected_in(ref('stg_qbo__bill_payments'), 'bill_payments') }}
    union all
    {{ rejected_in(ref('stg_qbo__vendor_credits'), 'vendor_credits') }}
    union all
    {{ rejected_in(ref('stg_qbo__purchases'), 'purchases') }}
    union all
    {{ rejected_in(ref('stg_qbo__invoices'), 'invoices') }}
    union all
    {{ rejected_in(ref('stg_qbo__payments'), 'payments') }}
    union all
    {{ rejected_in(ref('stg_qbo__credit_memos'), 'credit_memos') }}
    union all
    {{ rejected_in(ref('stg_qbo__sales_receipts'), 'sales_receipts') }}
    union all
    {{ rejected_in(ref('stg_qbo__refund_receipts'), 'refund_receipts') }}
    union all
    {{ rejected_in(ref('stg_qbo__deposits'), 'deposits') }}
    union all
    {{ rejected_in(ref('stg_qbo__transfers'), 'transfers') }}
    union all
    {{ rejected_in(ref('stg_qbo__journal_entries'), 'journal_entries') }}
)

select
    rejections.business_id,
    rejections.rail,
    rejections.entity,
    rejections.record_id,
    rejections.change_id,
    rejections.rejected.path as path,
    rejections.rejected.text as text,
    rejections.synced_at as observed_at
from rejections
