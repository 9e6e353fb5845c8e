with lines as (
    select * from {{ ref('int_expense_lines') }}
    where entity = 'bills' and account_id is not null
),

by_account as (
    select
        lines.business_id,
        lines.record_id,
        lines.account_id,
        any_value(lines.account_name) as account_name,
        sum(lines.amount) as amount
    from lines
    group by lines.business_id, lines.record_id, lines.account_id
)

select
    by_account.business_id,
    by_account.record_id as bill_id,
    by_account.account_id,
    by_account.account_name
from by_account
qualify row_number() over (
    partition by by_account.business_id, by_account.record_id
    order by by_account.amount desc nulls last, by_account.account_id asc
) = 1
