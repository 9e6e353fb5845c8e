with mirrors as (
    select mirror.business_id, mirror.rail, 'company_info' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__company_info') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'preferences' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__preferences') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'accounts' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__accounts') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'vendors' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__vendors') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'customers' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__customers') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'items' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__items') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'terms' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__terms') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'bills' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__bills') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'bill_payments' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__bill_payments') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'vendor_credits' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__vendor_credits') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'purchases' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__purchases') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'invoices' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__invoices') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'payments' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__payments') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'credit_memos' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__credit_memos') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'sales_receipts' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__sales_receipts') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'refund_receipts' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__refund_receipts') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'deposits' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__deposits') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'transfers' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__transfers') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0

    union all

    select mirror.business_id, mirror.rail, 'journal_entries' as entity, mirror.record_id, mirror.change_id, mirror.synced_at, mirror.rejected_values
    from {{ ref('stg_qbo__journal_entries') }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0
),

unnested as (
    select
        mirrors.*,
        unnest(mirrors.rejected_values) as rejected
    from mirrors
)

select
    unnested.business_id,
    unnested.rail,
    unnested.entity,
    unnested.record_id,
    unnested.change_id,
    unnested.rejected.path as path,
    unnested.rejected.text as text,
    unnested.synced_at as observed_at
from unnested
