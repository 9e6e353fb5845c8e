{{ config(materialized='table') }}

with policy as (
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
)

-- What is overdue or undated falls due today. An invoice comes in on the day on which the forecast expects it, by its customer's own
-- past payments or else by terms, as far as no credit stands for it; where that day has passed its due date counts, after that a fixed
-- number of days from today, and what is later than the receivable horizon is not expected at all.
select
    payables.business_id,
    payables.rail,
    payables.entity,
    payables.record_id,
    payables.document_number,
    payables.party_name,
    payables.txn_date,
    greatest(coalesce(payables.due_date, payables.as_of_date), payables.as_of_date) as walk_date,
    -payables.open_amount as amount
from payables
where payables.document_type = 'bill'

union all

select
    receivables.business_id,
    receivables.rail,
    receivables.entity,
    receivables.record_id,
    receivables.document_number,
    receivables.party_name,
    receivables.txn_date,
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
