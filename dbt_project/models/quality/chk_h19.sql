with purchases as (
    select * from {{ ref('stg_qbo__purchases') }}
)

select
    purchases.business_id,
    purchases.rail,
    'purchases' as entity,
    purchases.record_id,
    purchases.payee_id,
    {{ shown_amount('purchases.total_amount', 'purchases.currency') }} || ' dated ' || {{ shown_date('purchases.txn_date') }} as observed,
    purchases.total_amount as impact_amount
from purchases
where not purchases.is_deleted and not purchases.is_voided
