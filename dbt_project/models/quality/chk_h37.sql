with payroll as (
    select * from {{ ref('int_payroll') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
)

select
    payroll.business_id,
    'qbo' as rail,
    'businesses' as entity,
    payroll.business_id as record_id,
    payroll.is_payroll_known,
    case
        when payroll.is_payroll_known then 'planned or set aside'
        when payroll.last_payroll_amount is null then 'no payroll planned, set aside or seen'
        else
            'no payroll planned; it was ' || {{ shown_amount('payroll.last_payroll_amount', 'calendar.home_currency') }}
            || coalesce(', last on ' || strftime(payroll.last_payroll_date, '%Y-%m-%d'), '')
    end as observed,
    payroll.last_payroll_amount as impact_amount
from payroll
inner join calendar on payroll.business_id = calendar.business_id
