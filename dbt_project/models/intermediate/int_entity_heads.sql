with heads as (
    {{ entity_head(ref('stg_qbo__company_info'), 'company_info') }}
    union all
    {{ entity_head(ref('stg_qbo__preferences'), 'preferences') }}
    union all
    {{ entity_head(ref('stg_qbo__accounts'), 'accounts') }}
    union all
    {{ entity_head(ref('stg_qbo__vendors'), 'vendors') }}
    union all
    {{ entity_head(ref('stg_qbo__customers'), 'customers') }}
    union all
    {{ entity_head(ref('stg_qbo__items'), 'items') }}
    union all
    {{ entity_head(ref('stg_qbo__terms'), 'terms') }}
    union all
    {{ entity_head(ref('stg_qbo__bills'), 'bills') }}
    union all
    {{ entity_head(ref('stg_qbo__bill_payments'), 'bill_payments') }}
    union all
    {{ entity_head(ref('stg_qbo__vendor_credits'), 'vendor_credits') }}
    union all
    {{ entity_head(ref('stg_qbo__purchases'), 'purchases') }}
    union all
    {{ entity_head(ref('stg_qbo__invoices'), 'invoices') }}
    union all
    {{ entity_head(ref('stg_qbo__payments'), 'payments') }}
    union all
    {{ entity_head(ref('stg_qbo__credit_memos'), 'credit_memos') }}
    union all
    {{ entity_head(ref('stg_qbo__sales_receipts'), 'sales_receipts') }}
    union all
    {{ entity_head(ref('stg_qbo__refund_receipts'), 'refund_receipts') }}
    union all
    {{ entity_head(ref('stg_qbo__deposits'), 'deposits') }}
    union all
    {{ entity_head(ref('stg_qbo__transfers'), 'transfers') }}
    union all
    {{ entity_head(ref('stg_qbo__journal_entries'), 'journal_entries') }}
)

select
    heads.business_id,
    heads.rail,
    heads.entity,
    heads.live_count,
    heads.newest_change_at,
    heads.newest_observed_at
from heads
