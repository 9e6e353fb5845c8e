with custody as (
    select * from {{ ref('int_bill_custody') }}
)

-- A payment of the ledger's that is another one than this is no record of it, and a matter of H29.
select
    custody.business_id,
    'ramp' as rail,
    'bills' as entity,
    custody.ramp_bill_id as record_id,
    case
        when custody.bill_payment_id is not null or (custody.bill_id is not null and coalesce(custody.open_amount, 0) = 0) then 0
        else {{ minutes_between('custody.paid_at', 'custody.run_at') }}
    end as minutes_unrecorded,
    coalesce(custody.vendor_name, 'bill') || ', ' || {{ shown_amount('custody.executed_amount', 'custody.currency') }} || ' paid '
    || {{ shown_date('custody.paid_at') }} as observed,
    custody.home_amount as impact_amount
from custody
where custody.is_executed
