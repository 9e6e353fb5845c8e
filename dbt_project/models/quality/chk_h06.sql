with transactions as (
    select
        mirror.business_id,
        mirror.rail,
        'bills' as entity,
        mirror.record_id,
        mirror.txn_date
    from {{ ref('stg_qbo__bills') }} as mirror
    where not mirror.is_deleted and not mirror.is_voided

    union all

    select
        mirror.business_id,
        mirror.rail,
        'bill_payments' as entity,
        mirror.record_id,
        mirror.txn_date
    from {{ ref('stg_qbo__bill_payments') }} as mirror
    where not mirror.is_deleted and not mirror.is_voided

    union all

    select
        mirror.business_id,
        mirror.rail,
        'vendor_credits' as entity,
        mirror.record_id,
        mirror.txn_date
    from {{ ref('stg_qbo__vendor_credits') }} as mirror
    where not mirror.is_deleted and not mirror.is_voided

    union all

    select
        mirror.business_id,
        mirror.rail,
        'purchases' as entity,
        mirror.record_id,
        mirror.txn_date
    from {{ ref('stg_qbo__purchases') }} as mirror
    where not mirror.is_deleted and not mirror.is_voided

    union all

    select
        mirror.business_id,
        mirror.rail,
        'invoices' as entity,
        mirror.record_id,
        mirror.txn_date
    from {{ ref('stg_qbo__invoices') }} as mirror
    where not mirror.is_deleted and not mirror.is_voided

    union all

    select
        mirror.business_id,
        mirror.rail,
        'payments' as entity,
        mirror.record_id,
        mirror.txn_date
    from {{ ref('stg_qbo__payments') }} as mirror
    where not mirror.is_deleted and not mirror.is_voided

    union all

    select
        mirror.business_id,
        mirror.rail,
        'credit_memos' as entity,
        mirror.record_id,
        mirror.txn_date
    from {{ ref('stg_qbo__credit_memos') }} as mirror
    where not mirror.is_deleted and not mirror.is_voided

    union all

    select
        mirror.business_id,
        mirror.rail,
        'sales_receipts' as entity,
        mirror.record_id,
        mirror.txn_date
    from {{ ref('stg_qbo__sales_receipts') }} as mirror
    where not mirror.is_deleted and not mirror.is_voided

    union all

    select
        mirror.business_id,
        mirror.rail,
        'refund_receipts' as entity,
        mirror.record_id,
        mirror.txn_date
    from {{ ref('stg_qbo__refund_receipts') }} as mirror
    where not mirror.is_deleted and not mirror.is_voided

    union all

    select
        mirror.business_id,
        mirror.rail,
        'deposits' as entity,
        mirror.record_id,
        mirror.txn_date
    from {{ ref('stg_qbo__deposits') }} as mirror
    where not mirror.is_deleted and not mirror.is_voided

    union all

    select
        mirror.business_id,
        mirror.rail,
        'transfers' as entity,
        mirror.record_id,
        mirror.txn_date
    from {{ ref('stg_qbo__transfers') }} as mirror
    where not mirror.is_deleted and not mirror.is_voided

    union all

    select
        mirror.business_id,
        mirror.rail,
        'journal_entries' as entity,
        mirror.record_id,
        mirror.txn_date
    from {{ ref('stg_qbo__journal_entries') }} as mirror
    where not mirror.is_deleted and not mirror.is_voided
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

aged as (
    select
        transactions.*,
        transactions.txn_date - {{ day_of_run('calendar') }} as days_ahead
    from transactions
    inner join calendar on transactions.business_id = calendar.business_id
)

select
    aged.business_id,
    aged.rail,
    aged.entity,
    aged.record_id,
    aged.days_ahead,
    'dated ' || {{ shown_date('aged.txn_date') }} as observed,
    cast(null as decimal(18, 2)) as impact_amount
from aged
