{{ config(materialized='table') }}

with decisions as (
    select * from {{ ref('stg_control__decisions') }}
    where kind = 'enter-bill' and is_admitted
),

parties as (
    select * from {{ ref('int_party_map') }}
    where party_kind = 'vendor'
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

-- A vendor that is several in the ledger is owed by one of its ids there: one in use, the oldest.
ledger_vendors as (
    select
        parties.business_id,
        parties.party_key,
        parties.party_id
    from parties
    where parties.rail = 'qbo'
    qualify row_number() over (
        partition by parties.business_id, parties.party_key
        order by parties.is_active desc, len(parties.party_id) asc, parties.party_id asc
    ) = 1
),

named as (
    select
        decisions.*,
        coalesce(decisions.subject ->> 'vendor_id', ledger_vendors.party_id) as vendor_id
    from decisions
    -- The key as it was when the bill was entered: the vendor may have become one with another since.
    left join parties
        on
            decisions.business_id = parties.business_id
            and (decisions.subject ->> 'vendor_key') = parties.own_key
    left join ledger_vendors
        on
            parties.business_id = ledger_vendors.business_id
            and parties.party_key = ledger_vendors.party_key
)

select
    named.business_id,
    'user' as rail,
    named.decision_id as record_id,
    named.decision_no,
    named.advisor_id,
    named.vendor_id,
    coalesce(parties.party_key, named.subject ->> 'vendor_key', 'qbo:' || named.vendor_id) as party_key,
    named.subject ->> 'document_number' as document_number,
    {{ comparable_reference("named.subject ->> 'document_number'") }} as reference,
    cast(named.subject ->> 'bill_date' as date) as txn_date,
    cast(named.subject ->> 'due_date' as date) as due_date,
    cast(named.subject ->> 'amount' as decimal(18, 2)) as total_amount,
    calendar.home_currency as currency,
    named.decided_at,
    named.undone_at
from named
inner join calendar on named.business_id = calendar.business_id
left join parties
    on
        named.business_id = parties.business_id
        and named.vendor_id = parties.party_id
        and parties.rail = 'qbo'
