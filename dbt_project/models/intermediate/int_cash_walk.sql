{{ config(materialized='table') }}

with inputs as (
    select * from {{ ref('int_runway_inputs') }}
),

policy as (
    select * from {{ ref('runway_policy') }}
),

documents as (
    select * from {{ ref('int_cash_walk_documents') }}
),

dated_days as (
    select
        documents.business_id,
        documents.walk_date,
        sum(documents.amount) as amount
    from documents
    group by documents.business_id, documents.walk_date
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
        days.payroll_spent,
        days.undated_spent,
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
    walked.walk_date as covered_until,
    walked.payroll_spent,
    walked.undated_spent
from walked
where walked.balance_amount < 0
qualify row_number() over (partition by walked.business_id order by walked.walk_date) = 1
