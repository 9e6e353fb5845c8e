with payouts as (
    select * from {{ ref('fct_payout_recon') }}
)

select
    payouts.business_id,
    'stripe' as rail,
    'payouts' as entity,
    payouts.payout_id as record_id,
    payouts.bank_transaction_id,
    {{ shown_amount('payouts.payout_amount', 'payouts.currency') }} || ', due at the bank on '
    || {{ shown_date('payouts.arrival_date') }} as observed,
    {{ money('payouts.payout_amount') }} as impact_amount
from payouts
where payouts.is_due_in_bank
