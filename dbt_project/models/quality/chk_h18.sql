with parties as (
    select * from {{ ref('int_party_map') }}
    where party_kind = 'vendor'
),

words as (
    select * from {{ ref('party_words') }}
),

in_ledger as (
    select
        parties.business_id,
        parties.party_key,
        min(parties.party_id) as ledger_vendor_id
    from parties
    where parties.is_ledger
    group by parties.business_id, parties.party_key
)

-- A processor stands between the business and whom it pays; a bank's bare text names nobody for sure.
select
    parties.business_id,
    parties.rail,
    parties.entity,
    parties.party_id as record_id,
    in_ledger.ledger_vendor_id,
    parties.party_name || case parties.tier when 'suggest' then ', perhaps ' || parties.suggested_name else '' end as observed,
    cast(null as decimal(18, 2)) as impact_amount
from parties
left join in_ledger
    on
        parties.business_id = in_ledger.business_id
        and parties.party_key = in_ledger.party_key
anti join words
    on
        lower(parties.party_name) = words.means
        and words.kind = 'processor'
where
    not parties.is_ledger
    and not parties.is_bank_text
    and parties.is_active
