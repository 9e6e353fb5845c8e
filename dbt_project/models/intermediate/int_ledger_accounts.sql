with accounts as (
    select * from {{ ref('stg_qbo__accounts') }}
)

select
    accounts.business_id,
    accounts.record_id as account_id,
    accounts.account_type = 'Bank' as is_bank,
    accounts.account_type = 'Credit Card' as is_card,
    coalesce(accounts.account_type in ('Expense', 'Other Expense', 'Cost of Goods Sold'), false) as is_expense,
    coalesce(accounts.account_sub_type ilike 'payroll%' or accounts.account_name ilike '%payroll%', false) as is_payroll
from accounts
