with bills as (
    select * from {{ ref('int_ledger_bills') }}
    where not is_deleted and not is_voided
),

-- What is marked as paid by hand or by credits, the service has only been told.
paying_bills as (
    select
        ramp_bills.*,
        coalesce(ramp_bills.status = 'PAID', false) as is_paid,
        -- What was paid in another currency than the bill's settled all of it, and is no amount to compare with it.
        case
            when coalesce(ramp_bills.payment_currency = ramp_bills.currency, true)
                then coalesce(ramp_bills.payment_amount, ramp_bills.total_amount)
            else ramp_bills.total_amount
        end as paid_amount
    from {{ ref('stg_ramp__bills') }} as ramp_bills
    where
        not ramp_bills.is_deleted
        and not ramp_bills.is_draft
        and not ramp_bills.is_archived
        and not (
            coalesce(ramp_bills.status = 'PAID', false)
            and coalesce(ramp_bills.payment_method, '') in ('PAID_MANUALLY', 'VENDOR_CREDIT')
        )
),

matches as (
    select * from {{ ref('int_matches') }}
    where pair = 'bill'
),

conflicts as (
    select * from {{ ref('fct_conflict') }}
    where pair = 'bill' and state != 'decided'
),

decided as (
    select * from {{ ref('fct_conflict') }}
    where pair = 'bill' and field = 'amount' and state = 'decided'
),

-- Of a proposal, which is not known to be the same bill, the amount alone is compared, and until it is paid. What was paid is
-- wrong where it is more than the ledger owes: less is a part of the bill, or what credits left of it.
compared as (
    select
        bills.*,
        paying_bills.is_paid,
        {{ money(
            "case when coalesce(paying_bills.currency, bills.currency) = bills.currency and decided.conflict_id is null"
            ~ " then case when paying_bills.is_paid"
            ~ " then greatest(paying_bills.paid_amount, bills.total_amount)"
            ~ " else paying_bills.total_amount end end"
        ) }} as paying_amount,
        vendors.winner_value as ledger_vendor,
        vendors.loser_value as paying_vendor
    from bills
    inner join matches
        on
            bills.business_id = matches.business_id
            and bills.record_id = matches.right_id
    inner join paying_bills
        on
            matches.business_id = paying_bills.business_id
            and matches.left_id = paying_bills.record_id
    left join conflicts as vendors
        on
            matches.business_id = vendors.business_id
            and matches.right_id = vendors.winner_id
            and matches.left_id = vendors.loser_id
            and vendors.field = 'vendor'
    left join decided
        on
            matches.business_id = decided.business_id
            and matches.right_id = decided.winner_id
            and matches.left_id = decided.loser_id
    where case when paying_bills.is_paid then matches.tier = 'auto' else bills.is_open end
)

select
    compared.business_id,
    compared.rail,
    'bills' as entity,
    compared.record_id,
    cast(compared.total_amount as decimal(18, 2)) as ledger_amount,
    compared.paying_amount,
    compared.ledger_vendor,
    compared.paying_vendor,
    coalesce(compared.vendor_name, 'bill') || ', ' || {{ shown_amount('compared.total_amount', 'compared.currency') }} || ' in the ledger'
    || case
        when compared.paying_amount != compared.total_amount
            then concat(
                ', ', {{ shown_amount('compared.paying_amount', 'compared.currency') }},
                case when compared.is_paid then ' paid by' else ' in' end, ' the payment service'
            )
        else ''
    end
    || coalesce(', vendor there: ' || compared.paying_vendor, '') as observed,
    {{ money(home_amount(
        'nullif(abs(compared.paying_amount - compared.total_amount), 0)',
        'compared.currency', 'compared.home_currency', 'compared.exchange_rate'
    )) }} as impact_amount
from compared
