with bills as (
    select * from {{ ref('int_ledger_bills') }}
),

vendor_accounts as (
    select * from {{ ref('stg_ramp__vendor_accounts') }}
),

vendors as (
    select * from {{ ref('stg_ramp__vendors') }}
),

first_seen as (
    select * from {{ ref('stg_first_seen') }}
    where rail = 'ramp' and entity = 'vendor_accounts'
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
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
),

-- Ramp does not say since when it has an account. Those that were there when the vendor's were first read are the ones known to be right.
accounts as (
    select
        vendor_accounts.business_id,
        vendor_accounts.rail,
        vendor_accounts.vendor_id,
        vendor_accounts.record_id,
        coalesce(vendor_accounts.account_nickname, 'without a name') as account_name,
        vendor_accounts.is_deleted,
        first_seen.first_seen_at,
        {{ local_day('calendar.time_zone', 'first_seen.first_seen_at') }} as first_seen_date,
        first_seen.first_seen_at > min(first_seen.first_seen_at) over of_vendor
        and calendar.as_of_date - {{ local_day('calendar.time_zone', 'first_seen.first_seen_at') }}
        <= {{ hygiene_threshold('H22', 'news_days') }} as is_new
    from vendor_accounts
    inner join first_seen
        on
            vendor_accounts.business_id = first_seen.business_id
            and vendor_accounts.record_id = first_seen.record_id
    inner join calendar on vendor_accounts.business_id = calendar.business_id
    window of_vendor as (partition by vendor_accounts.business_id, vendor_accounts.vendor_id)
)

select
    first_bills.business_id,
    first_bills.rail,
    'bills' as entity,
    first_bills.record_id,
    first_bills.home_total_amount as total_amount,
    sizes.large_amount,
    false as has_new_account,
    'first bill of the vendor, ' || {{ shown_amount('first_bills.total_amount', 'first_bills.currency') }} || ' dated '
    || {{ shown_date('first_bills.txn_date') }} as observed,
    first_bills.home_open_amount as impact_amount
from first_bills
inner join sizes on first_bills.business_id = sizes.business_id
where
    first_bills.is_open
    and first_bills.txn_date - sizes.first_bill_date > {{ hygiene_threshold('H22', 'settling_days') }}

union all

select
    vendors.business_id,
    vendors.rail,
    'vendors' as entity,
    vendors.record_id,
    cast(0 as decimal(18, 2)) as total_amount,
    cast(0 as decimal(18, 2)) as large_amount,
    bool_or(accounts.is_new) as has_new_account,
    'bank account first seen on ' || {{ shown_date('max(accounts.first_seen_date)') }} || ': '
    || arg_max(accounts.account_name, (accounts.first_seen_at, accounts.record_id)) as observed,
    cast(null as decimal(18, 2)) as impact_amount
from vendors
inner join accounts
    on
        vendors.business_id = accounts.business_id
        and vendors.record_id = accounts.vendor_id
where not vendors.is_deleted and not accounts.is_deleted
group by vendors.business_id, vendors.rail, vendors.record_id
