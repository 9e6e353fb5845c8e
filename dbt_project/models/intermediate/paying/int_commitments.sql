with ready as (
    select * from {{ ref('fct_payment_ready_bills') }}
),

begun as (
    select * from {{ ref('int_payments_begun') }}
),

-- Per bill what is on its way; NULL where an amount is not known.
payments as (
    select
        begun.business_id,
        begun.bill_id,
        case
            when count(*) filter (begun.is_on_its_way) = count(begun.home_amount) filter (begun.is_on_its_way)
                then coalesce(sum(begun.home_amount) filter (begun.is_on_its_way), 0)
        end as on_its_way_amount
    from begun
    where begun.bill_id is not null
    group by begun.business_id, begun.bill_id
),

-- What an advisor approved and nobody has begun to pay will be paid out of the same cash. Once Ramp pays, its payment counts until cash
-- shows it, whoever approved it.
own as (
    select
        ready.business_id,
        ready.rail,
        ready.record_id,
        case
            when payments.bill_id is not null then payments.on_its_way_amount
            when
                coalesce(ready.advisor_decision = 'approve', false)
                and coalesce(ready.effective_status != 'paid', true)
                and coalesce(ready.home_open_amount > 0, true)
                then ready.home_open_amount
            else 0
        end as own_amount
    from ready
    left join payments
        on
            ready.business_id = payments.business_id
            and {{ key_where('ready.record_id', "ready.rail = 'qbo'") }} = payments.bill_id
),

-- Ramp also pays bills that the ledger does not have, or has closed already.
besides as (
    select
        begun.business_id,
        sum(begun.home_amount) as amount,
        count(*) - count(begun.home_amount) as unknown_count
    from begun
    anti join own
        on
            begun.business_id = own.business_id
            and begun.bill_id = own.record_id
            and own.rail = 'qbo'
    where begun.is_on_its_way
    group by begun.business_id
),

all_bills as (
    select
        own.business_id,
        sum(own.own_amount) as amount,
        count(*) - count(own.own_amount) as unknown_count
    from own
    group by own.business_id
)

select
    own.business_id,
    own.rail,
    own.record_id,
    {{ money('own.own_amount') }} as own_committed_amount,
    case when coalesce(besides.unknown_count, 0) = 0 then {{ money('coalesce(besides.amount, 0)') }} end as unlisted_amount,
    case
        when
            coalesce(besides.unknown_count, 0) = 0
            and all_bills.unknown_count = cast(own.own_amount is null as integer)
            then {{ money('coalesce(all_bills.amount, 0) - coalesce(own.own_amount, 0) + coalesce(besides.amount, 0)') }}
    end as committed_amount
from own
inner join all_bills on own.business_id = all_bills.business_id
left join besides on own.business_id = besides.business_id
