with custody as (
    select * from {{ ref('int_bill_custody') }}
    where is_executed_by_rail
),

linked as (
    select * from {{ ref('int_ramp_bills') }}
),

inputs as (
    select * from {{ ref('int_runway_inputs') }}
),

-- What the bank or the ledger still has to show of it. A debit that is only proposed shows nothing; a payment whose debit is late is
-- a matter of H28, and one that is not booked of H27, by their own limits.
begun as (
    select
        custody.business_id,
        custody.ramp_bill_id,
        coalesce(custody.bill_id, linked.qbo_bill_id) as bill_id,
        inputs.cash_source,
        custody.has_bank_rail,
        coalesce(custody.payment_method, '') in {{ card_methods() }} as is_card,
        coalesce(custody.match_tier = 'auto', false)
        or custody.is_ambiguous
        or (
            custody.is_executed
            and (
                not custody.is_bank_expected
                or {{ bank_days_between('cast(' ~ utc('custody.paid_at') ~ ' as date)', 'custody.bank_asked_until') }}
                > {{ hygiene_threshold('H28', 'max_bank_days') }}
            )
        ) as is_at_bank,
        custody.bill_payment_id is not null
        or (custody.is_executed and custody.bill_id is not null and coalesce(custody.open_amount, 0) = 0) as is_booked,
        custody.home_amount
    from custody
    inner join inputs on custody.business_id = inputs.business_id
    left join linked
        on
            custody.business_id = linked.business_id
            and custody.ramp_bill_id = linked.ramp_bill_id
)

select
    begun.business_id,
    begun.ramp_bill_id,
    begun.bill_id,
    {{ money('begun.home_amount') }} as home_amount,
    case
        when begun.is_card then false
        when begun.cash_source = 'plaid' then not begun.is_at_bank
        -- The ledger's cash holds while the bank cannot be asked, and a live balance is the bank's again.
        else not begun.is_booked or (begun.has_bank_rail and not begun.is_at_bank)
    end as is_on_its_way
from begun
