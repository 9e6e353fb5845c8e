{{ config(materialized='table') }}

with accounts as (
    select * from {{ ref('stg_qbo__accounts') }}
),

-- What wages are called is the same list by which a bill is known to be one.
payroll_names as (
    select * from {{ ref('payment_priorities') }}
    where rule = 'payroll'
),

called_payroll as (
    select distinct
        accounts.business_id,
        accounts.record_id
    from accounts
    inner join payroll_names on regexp_matches(lower(accounts.account_name), payroll_names.name_pattern)
)

select
    accounts.business_id,
    accounts.record_id as account_id,
    accounts.account_name,
    accounts.currency,
    accounts.account_type = 'Bank' as is_bank,
    accounts.account_type = 'Credit Card' as is_card,
    coalesce(accounts.account_type in ('Expense', 'Other Expense', 'Cost of Goods Sold'), false) as is_expense,
    called_payroll.record_id is not null
    or coalesce(accounts.account_sub_type ilike 'payroll%' or accounts.account_name ilike '%payroll%', false) as is_payroll
from accounts
left join called_payroll
    on
        accounts.business_id = called_payroll.business_id
        and accounts.record_id = called_payroll.record_id
