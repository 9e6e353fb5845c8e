with custody as (
    select * from {{ ref('int_bill_custody') }}
)

-- What is paid by card or by credits never leaves the bank on its own.
select
    custody.business_id,
    'ramp' as rail,
    'bills' as entity,
    custody.ramp_bill_id as record_id,
    case
        when custody.transaction_id is null
            then {{ bank_days_between("cast(" ~ utc("custody.paid_at") ~ " as date)", 'custody.bank_asked_until') }}
        else 0
    end as bank_days_undebited,
    coalesce(custody.vendor_name, 'bill') || ', ' || {{ shown_amount('custody.executed_amount', 'custody.currency') }} || ' paid '
    || {{ shown_date('custody.paid_at') }} as observed,
    cast(null as decimal(18, 2)) as impact_amount
from custody
where custody.is_executed and custody.is_bank_expected
