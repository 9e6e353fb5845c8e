{{ config(materialized='table') }}

with records as (
    select * from {{ ref('int_money_records') }}
),

pairs as (
    select * from {{ ref('int_account_pairs') }}
),

services as (
    select * from {{ ref('payment_services') }}
),

parties as (
    select
        parties.*,
        bool_or(parties.is_ledger) over (partition by parties.business_id, parties.party_key) as is_in_ledger
    from {{ ref('int_party_map') }} as parties
    where parties.party_kind = 'vendor'
),

-- Whom the ledger does not know, and who pays others for the business, contradicts no vendor of the ledger.
vendors as (
    select
        parties.business_id,
        parties.rail,
        parties.party_id,
        parties.party_key
    from parties
    anti join services on regexp_replace(lower(parties.party_name), '[^a-z0-9]', '', 'g') = services.service_name
    where parties.is_in_ledger
)

select
    records.business_id,
    records.event_id,
    records.role,
    records.rail,
    records.entity,
    records.record_id,
    records.leg,
    records.account_id,
    records.account_key,
    records.event_date,
    records.amount,
    records.currency,
    records.reference,
    records.linked_id,
    records.text,
    coalesce(records.party_key, vendors.party_key) as party_key,
    records.own_account,
    pairs.paired_account,
    records.purpose,
    records.is_undone,
    records.change_id,
    records.synced_at
from records
left join vendors
    on
        records.business_id = vendors.business_id
        and records.rail = vendors.rail
        and records.vendor_id = vendors.party_id
left join pairs
    on
        records.business_id = pairs.business_id
        and records.rail = pairs.rail
        and records.own_account = pairs.own_account
