{{ config(materialized='table') }}

with inputs as (
    select * from {{ ref('int_runway_inputs') }}
),

policy as (
    select * from {{ ref('runway_policy') }}
),

payables as (
    select * from {{ ref('int_ap_open_documents') }}
),

receivables as (
    select * from {{ ref('int_ar_open_documents') }}
),

expected as (
    select * from {{ ref('int_forecast_documents') }}
    where side = 'receivable' and weeks_ago = 0
),

-- What is overdue or undated falls due today. An invoice comes in on the day on which the forecast expects it, by its customer's own
-- past payments or else by terms, as far as no credit stands for it; where that day has passed its due date counts, after that a fixed
-- number of days from today, and what is later than the receivable horizon is not expected at all.
dated as (
    select
        payables.business_id,
        greatest(coalesce(payables.due_date, payables.as_of_date), payables.as_of_date) as walk_date,
        -payables.open_amount as amount
    from payables
    where payables.document_type = 'bill'

    union all

    select
        receivables.business_id,
        case
            when expected.expected_date >= receivables.as_of_date then expected.expected_date
            when coalesce(receivables.due_date, receivables.txn_date) >= receivables.as_of_date
                then coalesce(receivables.due_date, receivables.txn_date)
            else receivables.as_of_date + policy.late_receipt_days
        end as walk_date,
        coalesce(expected.expected_amount, receivables.open_amount) as amount
    from receivables
    cross join policy
    left join expected
        on
            receivables.business_id = expected.business_id
            and receivables.record_id = expected.record_id
    where
        receivables.document_type = 'invoice'
        and coalesce(receivables.days_past_due, receivables.as_of_date - receivables.txn_date, 0) <= policy.receivable_horizon_days
),

dated_days as (
    select
        dated.business_id,
        dated.walk_date,
        sum(dated.amount) as amount
    from dated
    group by dated.business_id, dated.walk_date
),

steps as (
    select cast(unnest(range(policy.walk_days + 1)) as integer) as day_number
    from policy
),

days as (
    select
        inputs.business_id,
        inputs.as_of_date + steps.day_number as walk_date,
        inputs.cash,
        -- In whole cents, so that a day is not lost to rounding.
        coalesce(
            cast(
                cast(cast(inputs.undated_outflow_90 as decimal(38, 2)) * 100 as hugeint) * steps.day_number // nullif(inputs.observed_days, 0)
                as decimal(34, 0)
            ) * 0.01,
            0
        ) as undated_spent,
        coalesce(inputs.payroll_amount * (
            {{ paydays('inputs.as_of_date + steps.day_number', 'inputs.payroll_next_date', 'inputs.payroll_interval_days') }}
            - {{ paydays('inputs.as_of_date - 1', 'inputs.payroll_next_date', 'inputs.payroll_interval_days') }}
        ), 0) as payroll_spent
    from inputs
    cross join steps
    where inputs.cash is not null
),

walked as (
    select
        days.business_id,
        days.walk_date,
        days.cash
        + coalesce(sum(dated_days.amount) over (partition by days.business_id order by days.walk_date), 0)
        - days.payroll_spent
        - days.undated_spent as balance_amount
    from days
    left join dated_days
        on
            days.business_id = dated_days.business_id
            and days.walk_date = dated_days.walk_date
)

select
    walked.business_id,
    min(walked.walk_date) as covered_until
from walked
where walked.balance_amount < 0
group by walked.business_id
