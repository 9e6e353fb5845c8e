with flags as (
    select * from {{ ref('fct_hygiene_flag') }}
),

businesses as (
    select * from {{ ref('dim_business') }}
),

bills as (
    select * from {{ ref('fct_bills') }}
),

invoices as (
    select * from {{ ref('fct_invoices') }}
),

-- What a person knows a document by: its number, its dates and its amounts.
records as (
    select
        bills.business_id,
        bills.rail,
        'bills' as entity,
        bills.record_id,
        bills.document_number,
        bills.due_date,
        bills.total_amount,
        bills.open_amount,
        bills.currency
    from bills

    union all

    select
        invoices.business_id,
        invoices.rail,
        'invoices' as entity,
        invoices.record_id,
        invoices.document_number,
        invoices.due_date,
        invoices.total_amount,
        invoices.open_amount,
        invoices.currency
    from invoices
),

open_flags as (
    select
        flags.*,
        businesses.business_name,
        businesses.as_of,
        case flags.severity
            when 'C' then 1
            when 'H' then 2
            when 'M' then 3
            else 4
        end as severity_rank
    from flags
    inner join businesses on flags.business_id = businesses.business_id
    where flags.status = 'open'
)

select
    open_flags.business_id,
    open_flags.business_name,
    row_number() over (
        partition by open_flags.business_id
        order by
            open_flags.runway_impact_days desc nulls last,
            open_flags.severity_rank asc,
            open_flags.opened_at asc,
            open_flags.flag_id asc
    ) as tray_rank,
    open_flags.flag_id,
    open_flags.check_id,
    open_flags.check_name,
    open_flags.severity,
    open_flags.is_blocking,
    open_flags.blocks_kind,
    open_flags.runway_impact_days,
    open_flags.what_to_do,
    open_flags.observed,
    open_flags.rail,
    open_flags.entity,
    open_flags.record_id,
    open_flags.party_name,
    records.document_number,
    records.due_date,
    coalesce(records.total_amount, open_flags.impact_amount) as amount,
    records.open_amount,
    coalesce(records.currency, open_flags.currency) as currency,
    open_flags.source_url,
    open_flags.opened_at,
    open_flags.reopened_count,
    open_flags.as_of,
    open_flags.rails_used,
    open_flags.degraded_rails,
    open_flags.synced_at
from open_flags
left join records
    on
        open_flags.business_id = records.business_id
        and open_flags.rail = records.rail
        and open_flags.entity = records.entity
        and open_flags.record_id = records.record_id
