with deposits as (
    select * from {{ ref('int_money_events') }}
    where role = 'bank' and amount > 0
),

transactions as (
    select * from {{ ref('stg_plaid__transactions') }}
),

matches as (
    select * from {{ ref('int_matches') }}
    where pair = 'bank_payout'
),

unclear as (
    select * from {{ ref('int_match_assigned') }}
    where pair = 'bank_payout' and is_ambiguous
),

-- As Stripe's payouts are called at the bank (`int_money_events`), whichever account they are of.
processor_like as (
    select
        deposits.*,
        transactions.description
    from deposits
    inner join transactions
        on
            deposits.business_id = transactions.business_id
            and deposits.record_id = transactions.record_id
    where
        deposits.account_key = 'bank'
        and (
            starts_with({{ comparable_text('transactions.description') }}, 'STRIPE')
            or lower(transactions.merchant_name) = 'stripe'
        )
)

select
    processor_like.business_id,
    processor_like.rail,
    processor_like.entity,
    processor_like.record_id,
    matches.left_id as payout_id,
    coalesce(processor_like.description, 'deposit') || ', '
    || {{ shown_amount('processor_like.amount', 'processor_like.currency') }} || ' on '
    || {{ shown_date('processor_like.event_date') }} as observed,
    cast(null as decimal(18, 2)) as impact_amount
from processor_like
anti join unclear
    on
        processor_like.business_id = unclear.business_id
        and processor_like.event_id = unclear.right_event
left join matches
    on
        processor_like.business_id = matches.business_id
        and processor_like.event_id = matches.right_event
