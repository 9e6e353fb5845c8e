with bills as (
    select * from {{ ref('int_bills') }}
)

select
    bills.business_id,
    bills.rail,
    'bills' as entity,
    bills.record_id,
    bills.due_date,
    'no due date, dated ' || {{ shown_date('bills.txn_date') }} as observed,
    bills.home_open_amount as impact_amount
from bills
where bills.is_open
