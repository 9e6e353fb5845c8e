{#- In home currency alone: nothing here is added up across currencies. -#}

with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

charges as (
    select * from {{ ref('stg_stripe__charges') }}
    where not is_deleted and is_paid
),

balance_transactions as (
    select * from {{ ref('stg_stripe__balance_transactions') }}
    where not is_deleted
),

disputes as (
    select * from {{ ref('stg_stripe__disputes') }}
    where not is_deleted
),

parties as (
    select * from {{ ref('int_party_map') }}
    where party_kind = 'customer'
),

-- Stripe's customers by the ledger's, where the map knows them as one.
linked as (
    select
        stripe.business_id,
        stripe.party_id as stripe_customer_id,
        min(ledger.party_id) as customer_id
    from parties as stripe
    inner join parties as ledger
        on
            stripe.business_id = ledger.business_id
            and stripe.party_key = ledger.party_key
            and ledger.is_ledger
    where stripe.rail = 'stripe'
    group by stripe.business_id, stripe.party_id
),

fees as (
    select
        balance_transactions.business_id,
        balance_transactions.connection_id,
        balance_transactions.source_id,
        sum(balance_transactions.fee_amount) as fee_amount
    from balance_transactions
    group by balance_transactions.business_id, balance_transactions.connection_id, balance_transactions.source_id
),

disputed as (
    select
        disputes.business_id,
        disputes.connection_id,
        disputes.charge_id,
        count(*) as dispute_count,
        sum(disputes.amount) as disputed_amount
    from disputes
    group by disputes.business_id, disputes.connection_id, disputes.charge_id
)

select
    charges.business_id,
    linked.customer_id,
    charges.rail,
    charges.record_id,
    charges.connection_id,
    charges.billing_name,
    cast({{ utc('charges.created_at') }} as date) as charged_date,
    charges.captured_amount as charged_amount,
    charges.refunded_amount,
    fees.fee_amount,
    disputed.dispute_count,
    disputed.disputed_amount,
    charges.synced_at
from charges
inner join calendar
    on
        charges.business_id = calendar.business_id
        and upper(charges.currency) = calendar.home_currency
        and cast({{ utc('charges.created_at') }} as date) > calendar.as_of_date - 365
inner join linked
    on
        charges.business_id = linked.business_id
        and charges.customer_id = linked.stripe_customer_id
left join fees
    on
        charges.business_id = fees.business_id
        and charges.connection_id = fees.connection_id
        and charges.record_id = fees.source_id
left join disputed
    on
        charges.business_id = disputed.business_id
        and charges.connection_id = disputed.connection_id
        and charges.record_id = disputed.charge_id
