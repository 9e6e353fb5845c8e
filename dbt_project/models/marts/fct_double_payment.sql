with custody as (
    select * from {{ ref('int_bill_custody') }}
),

bills as (
    select * from {{ ref('int_ledger_bills') }}
    where not is_deleted and not is_voided
),

events as (
    select * from {{ ref('int_money_events') }}
    where role = 'bank'
),

matches as (
    select * from {{ ref('int_matches') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

-- Beside its bill a payment counts as what it settles of it, in the bill's currency; at the bank as what was paid.
payments as (
    select
        custody.* replace (custody.settled_amount as amount, custody.settled_currency as currency),
        custody.amount as moved_amount,
        custody.currency as moved_currency,
        case when custody.is_executed_by_rail then 'ramp' else 'qbo' end as paid_rail,
        case when custody.is_executed_by_rail then 'bills' else 'bill_payments' end as paid_entity,
        case when custody.is_executed_by_rail then custody.ramp_bill_id else custody.bill_payment_id end as payment_id,
        case when custody.is_executed_by_rail then custody.ramp_change_id else custody.record_change_id end as payment_change_id,
        coalesce(custody.payment_date, custody.record_date) as paid_on,
        custody.is_executed_by_rail and not custody.is_executed as is_in_flight,
        nullif(lower(trim(custody.document_number)), '') as number_key,
        bills.txn_date as bill_date,
        bills.currency as bill_currency
    from custody
    left join bills
        on
            custody.business_id = bills.business_id
            and custody.bill_id = bills.record_id
    where custody.is_money and (custody.is_executed_by_rail or custody.bill_payment_id is not null)
),

-- More was paid on a bill than it comes to: parts of a payment never add up to more.
of_one_bill as (
    select
        one.business_id,
        case when one.is_in_flight or other.is_in_flight then 'paid_while_in_flight' else 'paid_twice' end as kind,
        one.custody_id as first_id,
        other.custody_id as second_id,
        cast(null as varchar) as transaction_id,
        one.amount + other.amount - one.bill_amount as risk_amount,
        case
            when one.transaction_id != other.transaction_id then 0.99
            when one.transaction_id is not null or other.transaction_id is not null then 0.95
            else 0.90
        end - case when one.link_tier = 'suggest' or other.link_tier = 'suggest' then 0.10 else 0 end as confidence,
        'bill of ' || {{ shown_amount('one.bill_amount', 'one.currency') }} || ', paid '
        || {{ shown_amount('one.amount', 'one.currency') }} || ' and ' || {{ shown_amount('other.amount', 'other.currency') }} as evidence
    from payments as one
    inner join payments as other
        on
            one.business_id = other.business_id
            and one.bill_id = other.bill_id
            and one.currency = other.currency
            and one.currency = one.ledger_currency
            and one.bill_amount > 0
    where
        -- The one that came first, and of one day the service's, is the first.
        (one.paid_on, other.is_executed_by_rail, one.custody_id) < (other.paid_on, one.is_executed_by_rail, other.custody_id)
        and one.amount + other.amount > one.bill_amount * 1.01
        and coalesce(one.transaction_id != other.transaction_id or one.is_executed_by_rail = other.is_executed_by_rail, true)
),

in_one_bill as (
    select
        of_one_bill.business_id,
        unnest([of_one_bill.first_id, of_one_bill.second_id]) as custody_id
    from of_one_bill
),

-- One payment of the service's is more than the ledger owes for the bill.
overpaid as (
    select
        payments.business_id,
        'overpaid' as kind,
        payments.custody_id as first_id,
        cast(null as varchar) as second_id,
        cast(null as varchar) as transaction_id,
        payments.amount - payments.bill_amount as risk_amount,
        case when payments.transaction_id is not null then 0.99 else 0.95 end
        - case when payments.link_tier = 'suggest' then 0.10 else 0 end as confidence,
        'bill of ' || {{ shown_amount('payments.bill_amount', 'payments.currency') }} || ', paid '
        || {{ shown_amount('payments.amount', 'payments.currency') }} as evidence
    from payments
    anti join in_one_bill
        on
            payments.business_id = in_one_bill.business_id
            and payments.custody_id = in_one_bill.custody_id
    where
        payments.is_executed_by_rail
        and payments.bill_amount > 0
        and payments.amount > payments.bill_amount
        and payments.currency = payments.bill_currency
),

-- The service has paid, or is paying, a bill that the ledger still offers to be paid.
open_though_paid as (
    select
        payments.business_id,
        'open_though_paid' as kind,
        payments.custody_id as first_id,
        cast(null as varchar) as second_id,
        cast(null as varchar) as transaction_id,
        case when payments.currency = payments.ledger_currency then least(payments.open_amount, payments.amount) end as risk_amount,
        case when payments.link_tier = 'suggest' then 0.80 else 0.95 end as confidence,
        'the ledger has ' || {{ shown_amount('payments.open_amount', 'payments.ledger_currency') }} || ' open' as evidence
    from payments
    where
        payments.is_executed_by_rail
        and payments.bill_payment_id is null
        and payments.open_amount > 0
),

-- One paper entered twice and both entries paid. Two different numbers are two papers, whatever they come to; two of one number and a
-- day are one, though the amount of one of them was corrected since.
one_paper as (
    select
        one.business_id,
        one.custody_id as first_id,
        other.custody_id as second_id,
        coalesce(one.number_key = other.number_key, false) as is_one_number
    from payments as one
    inner join payments as other
        on
            one.business_id = other.business_id
            and one.vendor_id = other.vendor_id
            and one.bill_amount = other.bill_amount
    where
        one.number_key = other.number_key
        or (
            (one.number_key is null or other.number_key is null)
            and other.bill_date - one.bill_date <= cast({{ hygiene_threshold('H15', 'window_days') }} as integer)
        )

    union all

    select
        one.business_id,
        one.custody_id as first_id,
        other.custody_id as second_id,
        true as is_one_number
    from payments as one
    inner join payments as other
        on
            one.business_id = other.business_id
            and one.vendor_id = other.vendor_id
            and one.number_key = other.number_key
            and one.bill_date = other.bill_date
            and one.bill_amount != other.bill_amount
),

of_two_bills as (
    select
        one.business_id,
        'duplicate_bills_paid' as kind,
        one.custody_id as first_id,
        other.custody_id as second_id,
        cast(null as varchar) as transaction_id,
        other.amount as risk_amount,
        case when not one_paper.is_one_number then 0.50 when one.bill_amount = other.bill_amount then 0.95 else 0.80 end as confidence,
        case when one_paper.is_one_number then 'both bills have number ' || one.document_number else 'same vendor and amount' end
        || ', dated ' || {{ shown_date('one.bill_date') }} || ' and ' || {{ shown_date('other.bill_date') }} as evidence
    from one_paper
    inner join payments as one
        on
            one_paper.business_id = one.business_id
            and one_paper.first_id = one.custody_id
    inner join payments as other
        on
            one_paper.business_id = other.business_id
            and one_paper.second_id = other.custody_id
    where
        one.bill_id != other.bill_id
        and one.bill_amount > 0
        and other.bill_amount > 0
        and one.currency = one.ledger_currency
        and other.currency = other.ledger_currency
        and one.ledger_currency = other.ledger_currency
        and one.amount >= one.bill_amount * 0.99
        and other.amount >= other.bill_amount * 0.99
        and (one.bill_date, len(one.bill_id), one.bill_id) < (other.bill_date, len(other.bill_id), other.bill_id)
),

-- The bank debits again what was paid once: the payee's text and the amount are the same, and nothing stands for it.
debited_again as (
    select
        payments.business_id,
        'debited_twice' as kind,
        payments.custody_id as first_id,
        cast(null as varchar) as second_id,
        again.record_id as transaction_id,
        -again.amount as risk_amount,
        0.70 as confidence,
        'the bank debited "' || coalesce(again.text, '') || '" on ' || {{ shown_date('paid.event_date') }} || ' and on '
        || {{ shown_date('again.event_date') }} as evidence
    from payments
    inner join events as paid
        on
            payments.business_id = paid.business_id
            and payments.transaction_id = paid.record_id
    inner join events as again
        on
            paid.business_id = again.business_id
            and paid.amount = again.amount
            and paid.account_id = again.account_id
            and paid.record_id != again.record_id
            and {{ comparable_text('paid.text') }} = {{ comparable_text('again.text') }}
    anti join matches
        on
            again.business_id = matches.business_id
            and again.event_id = matches.right_event
    where
        payments.match_rule != 'run'
        and paid.amount = -payments.moved_amount
        and coalesce(paid.currency = payments.moved_currency, true)
        and again.amount < 0
        and again.event_date - paid.event_date between 0 and cast({{ hygiene_threshold('H15', 'window_days') }} as integer)
),

found as (
    select * from of_one_bill
    union all
    select * from overpaid
    union all
    select * from open_though_paid
    union all
    select * from of_two_bills
    union all
    select * from debited_again
),

told as (
    select
        found.*,
        first_payment.rail,
        first_payment.record_id as bill_id,
        case when second_payment.record_id != first_payment.record_id then second_payment.record_id end as other_bill_id,
        first_payment.vendor_id,
        first_payment.vendor_name,
        first_payment.paid_rail as first_rail,
        first_payment.paid_entity as first_entity,
        first_payment.payment_id as first_payment_id,
        first_payment.payment_change_id as first_change_id,
        first_payment.paid_on as first_date,
        first_payment.transaction_id as first_transaction_id,
        coalesce(second_payment.paid_rail, again.rail) as second_rail,
        coalesce(second_payment.paid_entity, again.entity) as second_entity,
        coalesce(second_payment.payment_id, again.record_id) as second_payment_id,
        coalesce(second_payment.payment_change_id, again.change_id) as second_change_id,
        coalesce(second_payment.paid_on, again.event_date) as second_date,
        coalesce(second_payment.transaction_id, found.transaction_id) as second_transaction_id,
        case when found.kind in ('overpaid', 'debited_twice') then found.risk_amount else first_payment.amount end as returned_amount,
        coalesce(second_payment.paid_on, again.event_date, first_payment.paid_on) as returned_since,
        case when found.kind = 'debited_twice' then first_payment.moved_currency else first_payment.currency end as currency,
        found.kind = 'open_though_paid'
        or first_payment.is_in_flight
        or coalesce(second_payment.is_in_flight, false) as is_stoppable,
        concat_ws(
            ',',
            case
                when coalesce(first_payment.transaction_id, second_payment.transaction_id, found.transaction_id) is not null then 'plaid'
            end,
            'qbo',
            case when first_payment.is_executed_by_rail or coalesce(second_payment.is_executed_by_rail, false) then 'ramp' end
        ) as rails_used,
        least(first_payment.synced_at, second_payment.synced_at, again.synced_at) as synced_at
    from found
    inner join payments as first_payment
        on
            found.business_id = first_payment.business_id
            and found.first_id = first_payment.custody_id
    left join payments as second_payment
        on
            found.business_id = second_payment.business_id
            and found.second_id = second_payment.custody_id
    left join events as again
        on
            found.business_id = again.business_id
            and found.transaction_id = again.record_id
),

-- A vendor that was paid too much may have sent it back: the same amount came in later and nothing in the books stands for it.
came_back as (
    select
        told.business_id,
        told.first_id,
        told.second_id,
        told.kind,
        arg_min(events.record_id, events.event_date) as returned_transaction_id
    from told
    inner join events
        on
            told.business_id = events.business_id
            and told.returned_amount = events.amount
            and coalesce(told.currency = events.currency, true)
            and events.event_date between told.returned_since and told.returned_since + 90
    anti join matches
        on
            events.business_id = matches.business_id
            and events.event_id = matches.right_event
    where not told.is_stoppable
    group by told.business_id, told.first_id, told.second_id, told.kind
)

select
    told.business_id,
    md5(concat_ws('|', told.business_id, told.kind, told.first_id, coalesce(told.second_id, ''), coalesce(told.transaction_id, '')))
        as risk_id,
    told.kind,
    case
        when told.is_stoppable then 'stoppable'
        when came_back.returned_transaction_id is not null then 'returned'
        else 'paid'
    end as status,
    told.rail,
    told.bill_id,
    told.other_bill_id,
    told.vendor_id,
    told.vendor_name,
    told.first_rail,
    told.first_entity,
    told.first_payment_id,
    told.first_change_id,
    told.first_date,
    told.first_transaction_id,
    told.second_rail,
    told.second_entity,
    told.second_payment_id,
    told.second_change_id,
    told.second_date,
    told.second_transaction_id,
    came_back.returned_transaction_id,
    {{ money('case when came_back.returned_transaction_id is null then told.risk_amount else 0 end') }} as amount_at_risk,
    told.currency,
    cast(told.confidence as decimal(3, 2)) as confidence,
    told.evidence,
    told.rails_used,
    {{ degraded_among('told.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('told.synced_at') }} as synced_at
from told
inner join rail_health on told.business_id = rail_health.business_id
left join came_back
    on
        told.business_id = came_back.business_id
        and told.kind = came_back.kind
        and told.first_id = came_back.first_id
        and told.second_id is not distinct from came_back.second_id
