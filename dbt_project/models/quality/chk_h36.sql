with payouts as (
    select * from {{ ref('fct_payout_recon') }}
    where booking_count > 0
),

bookings as (
    select
        payouts.business_id,
        payouts.ledger_entity as entity,
        payouts.ledger_id as record_id,
        payouts.ledger_date as booked_date,
        cast(null as varchar) as booked_before,
        payouts.payout_id,
        payouts.payout_amount,
        payouts.currency
    from payouts

    union all

    select
        payouts.business_id,
        payouts.second_ledger_entity as entity,
        payouts.second_ledger_id as record_id,
        payouts.second_ledger_date as booked_date,
        payouts.ledger_id as booked_before,
        payouts.payout_id,
        payouts.payout_amount,
        payouts.currency
    from payouts
    where payouts.second_ledger_id is not null
)

-- A document that books one payout can be the second one of another of the same amount.
select
    bookings.business_id,
    'qbo' as rail,
    bookings.entity,
    bookings.record_id,
    bookings.booked_before,
    {{ shown_amount('bookings.payout_amount', 'bookings.currency') }} || ' on '
    || {{ shown_date('bookings.booked_date') }}
    || coalesce(', booked before as ' || bookings.booked_before, '') as observed,
    {{ money('case when bookings.booked_before is not null then bookings.payout_amount end') }} as impact_amount
from bookings
qualify row_number() over (
    partition by bookings.business_id, bookings.entity, bookings.record_id
    order by bookings.booked_before nulls first, bookings.payout_id
) = 1
