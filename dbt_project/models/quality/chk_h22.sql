with bills as (
    select * from {{ ref('int_ledger_bills') }}
),

live as (
    select *
    from bills
    where not bills.is_deleted and not bills.is_voided and bills.home_total_amount is not null
),

placed as (
    select
        live.business_id,
        live.home_total_amount,
        live.txn_date,
        row_number() over (partition by live.business_id order by live.home_total_amount) as place,
        count(*) over (partition by live.business_id) as bill_count
    from live
),

-- In books that have just begun every vendor is new, and among few bills every one is large.
sizes as (
    select
        placed.business_id,
        min(placed.home_total_amount) filter (placed.place >= {{ hygiene_threshold('H22', 'percentile') }} * placed.bill_count) as large_amount,
        min(placed.txn_date) as first_bill_date
    from placed
    where placed.bill_count >= {{ hygiene_threshold('H22', 'min_bills') }}
    group by placed.business_id
),

first_bills as (
    select *
    from live
    where live.vendor_id is not null and live.txn_date is not null
    qualify row_number() over (
        partition by live.business_id, live.vendor_id
        order by live.txn_date asc, live.created_at asc, len(live.record_id) asc, live.record_id asc
    ) = 1
)

select
    first_bills.business_id,
    first_bills.rail,
    'bills' as entity,
    first_bills.record_id,
    first_bills.home_total_amount as total_amount,
    sizes.large_amount,
    'first bill of the vendor, ' || {{ shown_amount('first_bills.total_amount', 'first_bills.currency') }} || ' dated '
    || {{ shown_date('first_bills.txn_date') }} as observed,
    first_bills.home_open_amount as impact_amount
from first_bills
inner join sizes on first_bills.business_id = sizes.business_id
where
    first_bills.is_open
    and first_bills.txn_date - sizes.first_bill_date > {{ hygiene_threshold('H22', 'settling_days') }}
