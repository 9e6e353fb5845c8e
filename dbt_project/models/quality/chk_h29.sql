with custody as (
    select * from {{ ref('int_bill_custody') }}
),

-- What the service itself wrote into the ledger is its own payment under way.
ledger_paid as (
    select
        custody.business_id,
        custody.bill_id,
        string_agg(custody.bill_payment_id, ', ' order by custody.bill_payment_id) as bill_payment_ids,
        sum(custody.settled_amount) as amount
    from custody
    where custody.bill_payment_id is not null and custody.is_money and not coalesce(custody.is_synced, false)
    group by custody.business_id, custody.bill_id
),

-- By which payments of the ledger's more was paid on the bill than it comes to.
in_flight as (
    select
        custody.*,
        case
            when
                -- Ramp may have the bill in another currency, in which it tells nothing of how much of the ledger's is left to be paid.
                ledger_paid.amount
                + case when custody.settled_currency = custody.ledger_currency then custody.settled_amount else 0.01 end
                > custody.bill_amount
                then ledger_paid.bill_payment_ids
        end as paid_by
    from custody
    left join ledger_paid
        on
            custody.business_id = ledger_paid.business_id
            and custody.bill_id = ledger_paid.bill_id
    where custody.is_executed_by_rail and not custody.is_executed and custody.bill_id is not null
)

select
    in_flight.business_id,
    'qbo' as rail,
    'bills' as entity,
    in_flight.bill_id as record_id,
    any_value(in_flight.paid_by) as paid_by,
    coalesce(any_value(in_flight.vendor_name), 'bill') || ', '
    || {{ shown_amount('any_value(in_flight.executed_amount)', 'any_value(in_flight.currency)') }}
    || ' on its way' || coalesce(', and paid by ' || any_value(in_flight.paid_by), '') as observed,
    cast(any_value(in_flight.home_amount) as decimal(18, 2)) as impact_amount
from in_flight
group by in_flight.business_id, in_flight.bill_id
