with inputs as (
    select * from {{ ref('int_runway_inputs') }}
)

select
    inputs.business_id,
    'plaid' as rail,
    'balances' as entity,
    inputs.business_id as record_id,
    {{ money('abs(inputs.cash_gap)') }} as gap_amount,
    greatest(
        cast({{ hygiene_threshold('H24', 'min_gap') }} as decimal(18, 2)),
        try_cast({{ hygiene_threshold('H24', 'share') }} * abs({{ wide('inputs.cash') }}) as decimal(18, 2))
    ) as allowed_amount,
    'ledger ' || {{ shown_amount('inputs.cash + inputs.cash_gap', 'inputs.currency') }} || ', bank '
    || {{ shown_amount('inputs.cash', 'inputs.currency') }} as observed,
    {{ money('abs(inputs.cash_gap)') }} as impact_amount
from inputs
where inputs.cash_gap is not null
