with newest_of_deleted as (
    ({{ deleted_at_source('bills') }})

    union all

    ({{ deleted_at_source('bill_payments') }})

    union all

    ({{ deleted_at_source('vendor_credits') }})

    union all

    ({{ deleted_at_source('invoices') }})

    union all

    ({{ deleted_at_source('payments') }})

    union all

    ({{ deleted_at_source('credit_memos') }})
),

voided as (
    select
        mirror.business_id,
        'bills' as entity,
        mirror.record_id
    from {{ ref('stg_qbo__bills') }} as mirror
    where mirror.is_voided and not mirror.is_deleted

    union all

    select
        mirror.business_id,
        'bill_payments' as entity,
        mirror.record_id
    from {{ ref('stg_qbo__bill_payments') }} as mirror
    where mirror.is_voided and not mirror.is_deleted

    union all

    select
        mirror.business_id,
        'vendor_credits' as entity,
        mirror.record_id
    from {{ ref('stg_qbo__vendor_credits') }} as mirror
    where mirror.is_voided and not mirror.is_deleted

    union all

    select
        mirror.business_id,
        'invoices' as entity,
        mirror.record_id
    from {{ ref('stg_qbo__invoices') }} as mirror
    where mirror.is_voided and not mirror.is_deleted

    union all

    select
        mirror.business_id,
        'payments' as entity,
        mirror.record_id
    from {{ ref('stg_qbo__payments') }} as mirror
    where mirror.is_voided and not mirror.is_deleted

    union all

    select
        mirror.business_id,
        'credit_memos' as entity,
        mirror.record_id
    from {{ ref('stg_qbo__credit_memos') }} as mirror
    where mirror.is_voided and not mirror.is_deleted
),

gone as (
    select
        newest_of_deleted.business_id,
        newest_of_deleted.entity,
        newest_of_deleted.record_id,
        'deleted' as what
    from newest_of_deleted
    where newest_of_deleted.is_deleted

    union all

    select
        voided.business_id,
        voided.entity,
        voided.record_id,
        'voided' as what
    from voided
),

still_open as (
    select
        payables.business_id,
        payables.entity,
        payables.record_id,
        payables.open_amount
    from {{ ref('int_ap_open_documents') }} as payables

    union all

    select
        receivables.business_id,
        receivables.entity,
        receivables.record_id,
        receivables.open_amount
    from {{ ref('int_ar_open_documents') }} as receivables
)

select
    gone.business_id,
    'qbo' as rail,
    gone.entity,
    gone.record_id,
    still_open.record_id is not null as is_open_here,
    gone.what || ' at the source' as observed,
    still_open.open_amount as impact_amount
from gone
left join still_open
    on
        gone.business_id = still_open.business_id
        and gone.entity = still_open.entity
        and gone.record_id = still_open.record_id
