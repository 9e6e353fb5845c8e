with bills as (
    select * from {{ ref('int_bills') }}
)

select
    bills.business_id,
    bills.rail,
    'bills' as entity,
    bills.record_id,
    bills.days_past_due,
    -- The day, not how long ago it was: what was observed stays the same until somebody changes it.
    'due ' || {{ shown_date('bills.due_date') }} || ', ' || {{ shown_amount('bills.open_amount', 'bills.currency') }} || ' open' as observed,
    bills.home_open_amount as impact_amount
from bills
where bills.is_open and bills.open_amount > 0
