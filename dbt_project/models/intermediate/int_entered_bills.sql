{{ config(materialized='table') }}

with entered as (
    select * from {{ ref('int_entered_words') }}
),

matches as (
    select * from {{ ref('int_entered_matches') }}
),

vendors as (
    select * from {{ ref('stg_qbo__vendors') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

-- In doubt it counts as little as when it has given way: whichever bill of the ledger it is, that one counts.
stated as (
    select
        entered.*,
        matches.bill_id as ledger_bill_id,
        matches.candidate_bills,
        case
            when entered.undone_at is not null then 'deleted'
            when matches.is_sure then 'replaced'
            when matches.candidate_bills is not null then 'in_doubt'
            else 'open'
        end as status
    from entered
    left join matches
        on
            entered.business_id = matches.business_id
            and entered.record_id = matches.record_id
)

select
    stated.business_id,
    cast(null as varchar) as connection_id,
    stated.rail,
    stated.record_id,
    stated.record_id as change_id,
    stated.document_number,
    stated.vendor_id,
    vendors.vendor_name,
    vendors.record_id is not null as is_vendor_known,
    stated.txn_date,
    stated.due_date,
    stated.total_amount,
    {{ money("case when stated.status = 'open' then stated.total_amount else 0 end") }} as open_amount,
    stated.currency,
    stated.currency as home_currency,
    stated.total_amount as home_total_amount,
    {{ money("case when stated.status = 'open' then stated.total_amount else 0 end") }} as home_open_amount,
    false as is_without_rate,
    calendar.as_of_date - stated.due_date as days_past_due,
    stated.status,
    stated.status as effective_status,
    stated.rail as status_source,
    coalesce(stated.undone_at, stated.decided_at) as status_as_of,
    'qbo,user' as rails_used,
    stated.status != 'open' as is_deleted,
    false as is_voided,
    stated.status = 'open' as is_open,
    calendar.as_of_date,
    stated.advisor_id as entered_by,
    stated.ledger_bill_id,
    stated.candidate_bills,
    stated.decided_at as created_at,
    coalesce(stated.undone_at, stated.decided_at) as source_updated_at,
    coalesce(stated.undone_at, stated.decided_at) as synced_at
from stated
inner join calendar on stated.business_id = calendar.business_id
left join vendors
    on
        stated.business_id = vendors.business_id
        and stated.vendor_id = vendors.record_id
        and not vendors.is_deleted
