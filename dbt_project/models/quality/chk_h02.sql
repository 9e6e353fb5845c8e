with bills as (
    select * from {{ ref('int_bills') }}
)

select
    bills.business_id,
    bills.rail,
    'bills' as entity,
    bills.record_id,
    bills.vendor_id,
    case when bills.is_vendor_known then bills.vendor_id end as known_vendor_id,
    case when bills.vendor_id is null then 'no vendor' else 'vendor ' || bills.vendor_id || ' is not in the vendor list' end as observed,
    bills.home_open_amount as impact_amount
from bills
where bills.is_open
