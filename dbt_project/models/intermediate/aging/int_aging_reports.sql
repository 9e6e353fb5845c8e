{{ config(materialized='table') }}

with payables as (
    select * from {{ ref('stg_qbo__aged_payables') }}
),

receivables as (
    select * from {{ ref('stg_qbo__aged_receivables') }}
),

lines as (
    select * from {{ ref('stg_qbo__aged_report_lines') }}
),

freshness as (
    select * from {{ ref('int_rail_freshness') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

reports as (
    select
        payables.business_id,
        'payable' as side,
        payables.record_id,
        payables.change_id,
        payables.report_date,
        payables.reported_at,
        payables.currency,
        payables.is_without_data,
        payables.column_count,
        payables.synced_at
    from payables
    where not payables.is_deleted

    union all

    select
        receivables.business_id,
        'receivable' as side,
        receivables.record_id,
        receivables.change_id,
        receivables.report_date,
        receivables.reported_at,
        receivables.currency,
        receivables.is_without_data,
        receivables.column_count,
        receivables.synced_at
    from receivables
    where not receivables.is_deleted
),

sides as (
    select
        freshness.business_id,
        freshness.connection_id,
        freshness.rail,
        freshness.entity,
        case freshness.entity when 'aged_payables' then 'payable' else 'receivable' end as side,
        freshness.last_success_at,
        coalesce(freshness.last_error_kind = 'not_offered', false) as is_not_offered
    from freshness
    where freshness.rail = 'qbo' and freshness.entity in ('aged_payables', 'aged_receivables')
    qualify row_number() over (
        partition by freshness.business_id, freshness.entity
        order by freshness.last_success_at desc nulls last, freshness.connection_id asc
    ) = 1
),

-- When the last of the side's tables was read: before the report, its changes up to the report are missing.
books as (
    select
        freshness.business_id,
        case when freshness.entity in ('bills', 'bill_payments', 'vendor_credits') then 'payable' else 'receivable' end as side,
        case when bool_and(freshness.last_success_at is not null) then min(freshness.last_success_at) end as books_read_at
    from freshness
    where
        freshness.rail = 'qbo'
        and freshness.entity in ('bills', 'bill_payments', 'vendor_credits', 'invoices', 'payments', 'credit_memos')
    group by
        freshness.business_id,
        case when freshness.entity in ('bills', 'bill_payments', 'vendor_credits') then 'payable' else 'receivable' end
),

-- Whether the rows say what the grand total says, column by column.
columns_summed as (
    select
        lines.business_id,
        lines.side,
        lines.bucket,
        coalesce(bool_and(lines.amount is not null), false) as is_readable,
        sum(lines.amount) filter (not lines.is_grand_total) as rows_amount,
        sum(lines.amount) filter (lines.is_grand_total) as total_amount
    from lines
    group by lines.business_id, lines.side, lines.bucket
),

consistent as (
    select
        columns_summed.business_id,
        columns_summed.side,
        bool_and(columns_summed.is_readable and coalesce(columns_summed.rows_amount = columns_summed.total_amount, false))
        and sum(columns_summed.total_amount) filter (columns_summed.bucket != 'total')
        = sum(columns_summed.total_amount) filter (columns_summed.bucket = 'total') as is_consistent,
        {{ money("sum(columns_summed.total_amount) filter (columns_summed.bucket = 'total')") }} as total_amount
    from columns_summed
    group by columns_summed.business_id, columns_summed.side
),

judged as (
    select
        sides.business_id,
        sides.connection_id,
        sides.rail,
        sides.entity,
        sides.side,
        reports.record_id,
        reports.change_id,
        reports.report_date,
        reports.reported_at,
        reports.currency,
        calendar.home_currency,
        books.books_read_at,
        coalesce(reports.synced_at, sides.last_success_at) as synced_at,
        consistent.total_amount,
        case
            when sides.is_not_offered then 'not_applicable'
            when reports.record_id is null then 'report_missing'
            when reports.report_date is null or reports.reported_at is null then 'report_unreadable'
            when reports.is_without_data then 'report_without_data'
            when
                coalesce(reports.column_count, 0) != {{ aged_report_columns() | length + 1 }}
                or not coalesce(consistent.is_consistent, false)
                then 'report_unreadable'
            when coalesce(reports.currency, '') != calendar.home_currency then 'report_in_other_currency'
            when coalesce(books.books_read_at < reports.synced_at, true) then 'books_older_than_report'
            else 'comparable'
        end as report_state
    from sides
    inner join calendar on sides.business_id = calendar.business_id
    left join reports
        on
            sides.business_id = reports.business_id
            and sides.side = reports.side
    left join books
        on
            sides.business_id = books.business_id
            and sides.side = books.side
    left join consistent
        on
            sides.business_id = consistent.business_id
            and sides.side = consistent.side
)

select
    judged.* exclude (total_amount),
    -- No figure where the report is not one that can be held against the books: nothing is never zero.
    case when judged.report_state in ('comparable', 'books_older_than_report') then judged.total_amount end as ledger_amount
from judged
