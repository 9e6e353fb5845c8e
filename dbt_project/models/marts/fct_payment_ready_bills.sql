with bills as (
    select * from {{ ref('int_bills') }}
),

flags as (
    select * from {{ ref('fct_hygiene_flag') }}
),

freshness as (
    select * from {{ ref('int_rail_freshness') }}
),

open_bills as (
    select * from bills
    where bills.is_open
),

blocking_flags as (
    select
        flags.business_id,
        flags.entity,
        flags.record_id,
        string_agg(distinct 'hygiene_' || lower(flags.check_id), ',' order by 'hygiene_' || lower(flags.check_id)) as reasons
    from flags
    where
        flags.is_blocking
        and flags.status = 'open'
        and flags.entity in ('bills', 'vendors')
    group by flags.business_id, flags.entity, flags.record_id
),

judged as (
    select
        open_bills.*,
        freshness.sync_age_minutes,
        nullif(concat_ws(
            ',',
            case when open_bills.open_amount is null or open_bills.open_amount <= 0 then 'nothing_open' end,
            case when open_bills.vendor_id is null or not open_bills.is_vendor_known then 'vendor_unmapped' end,
            case when open_bills.due_date is null then 'no_due_date' end,
            case when coalesce(freshness.sync_age_minutes > 1440, true) then 'stale' end,
            bill_flags.reasons,
            vendor_flags.reasons
        ), '') as blocked_reasons
    from open_bills
    left join freshness
        on
            open_bills.business_id = freshness.business_id
            and open_bills.connection_id = freshness.connection_id
            and open_bills.rail = freshness.rail
            and freshness.entity = 'bills'
    left join blocking_flags as bill_flags
        on
            open_bills.business_id = bill_flags.business_id
            and open_bills.record_id = bill_flags.record_id
            and bill_flags.entity = 'bills'
    left join blocking_flags as vendor_flags
        on
            open_bills.business_id = vendor_flags.business_id
            and open_bills.vendor_id = vendor_flags.record_id
            and vendor_flags.entity = 'vendors'
)

select
    judged.business_id,
    judged.rail,
    judged.record_id,
    judged.document_number,
    judged.vendor_id,
    judged.vendor_name,
    judged.txn_date,
    judged.due_date,
    judged.days_past_due,
    judged.total_amount,
    judged.open_amount,
    judged.currency,
    judged.home_open_amount,
    judged.home_currency,
    judged.blocked_reasons is null as is_payment_ready,
    coalesce(judged.status in ('open', 'partly_paid') and judged.total_amount > 0, false) as is_ready_by_specification,
    judged.blocked_reasons,
    judged.status,
    judged.sync_age_minutes,
    judged.as_of_date,
    judged.source_url,
    judged.rail as rails_used,
    {{ utc('judged.synced_at') }} as synced_at
from judged
