{{ config(materialized='table') }}

with expense_lines as (
    select * from {{ ref('int_expense_lines') }}
    where {{ within_days('txn_date', 366) }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

by_account as (
    select
        expense_lines.business_id,
        expense_lines.vendor_id,
        expense_lines.account_id,
        any_value(expense_lines.account_name) as account_name,
        count(*) as line_count,
        sum(expense_lines.amount) as amount
    from expense_lines
    inner join calendar on expense_lines.business_id = calendar.business_id
    where
        expense_lines.vendor_id is not null
        and expense_lines.account_id is not null
        and expense_lines.txn_date > calendar.as_of_date - interval 12 months
        and expense_lines.txn_date <= calendar.as_of_date
    group by expense_lines.business_id, expense_lines.vendor_id, expense_lines.account_id
),

ranked as (
    select
        by_account.*,
        sum(by_account.line_count) over (partition by by_account.business_id, by_account.vendor_id) as vendor_line_count,
        row_number() over (
            partition by by_account.business_id, by_account.vendor_id
            order by by_account.line_count desc, by_account.amount desc, by_account.account_id asc
        ) as place
    from by_account
)

select
    ranked.business_id,
    ranked.vendor_id,
    ranked.account_id,
    ranked.account_name,
    ranked.line_count,
    cast(ranked.vendor_line_count as bigint) as vendor_line_count,
    ranked.line_count * 2 > ranked.vendor_line_count as is_majority
from ranked
where ranked.place = 1
