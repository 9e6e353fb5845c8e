with parties as (
    select * from {{ ref('int_party_map') }}
)

select
    parties.business_id,
    parties.rail,
    parties.entity,
    parties.party_id as record_id,
    parties.party_key as vendor_key,
    coalesce(parties.party_name, 'vendor without a name') as observed,
    cast(null as decimal(18, 2)) as impact_amount
from parties
where
    parties.party_kind = 'vendor'
    and parties.entity = 'vendors'
    and parties.is_active
