with heads as (
    select
        mirror.business_id,
        mirror.rail,
        'company_info' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__company_info') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'preferences' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__preferences') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'accounts' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__accounts') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'vendors' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__vendors') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'customers' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__customers') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'items' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__items') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'terms' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__terms') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'bills' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__bills') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'bill_payments' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__bill_payments') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'vendor_credits' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__vendor_credits') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'purchases' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__purchases') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'invoices' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__invoices') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'payments' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__payments') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'credit_memos' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__credit_memos') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'sales_receipts' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__sales_receipts') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'refund_receipts' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__refund_receipts') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'deposits' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__deposits') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'transfers' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__transfers') }} as mirror
    group by mirror.business_id, mirror.rail

    union all

    select
        mirror.business_id,
        mirror.rail,
        'journal_entries' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        max(mirror.source_updated_at) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ ref('stg_qbo__journal_entries') }} as mirror
    group by mirror.business_id, mirror.rail
)

select
    heads.business_id,
    heads.rail,
    heads.entity,
    heads.live_count,
    heads.newest_change_at,
    heads.newest_observed_at
from heads
