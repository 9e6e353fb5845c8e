with expense_lines as (
    select * from {{ ref('int_expense_lines') }}
),

accounts as (
    select * from {{ ref('stg_qbo__accounts') }}
),

parent_accounts as (
    select distinct
        accounts.business_id,
        accounts.parent_id as account_id
    from accounts
    where accounts.parent_id is not null and not accounts.is_deleted and coalesce(accounts.is_active, true)
),

judged as (
    select
        expense_lines.*,
        parent_accounts.account_id is not null as is_on_parent
    from expense_lines
    left join parent_accounts
        on
            expense_lines.business_id = parent_accounts.business_id
            and expense_lines.account_id = parent_accounts.account_id
)

select
    judged.business_id,
    judged.rail,
    judged.entity,
    judged.record_id,
    count(*) filter (judged.is_on_parent) as parent_account_lines,
    coalesce(string_agg(distinct judged.account_name, ', ') filter (judged.is_on_parent), '') as observed,
    {{ money('sum(judged.amount) filter (judged.is_on_parent)') }} as impact_amount
from judged
group by judged.business_id, judged.rail, judged.entity, judged.record_id
