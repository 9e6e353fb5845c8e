with matches as (
    select * from {{ ref('int_matches') }}
    where pair = 'bill'
)

-- A proposal of the same number and amount is enough to look for the other half of a payment; `link_tier` says that it is one.
select
    matches.business_id,
    matches.left_id as ramp_bill_id,
    matches.right_id as bill_id,
    matches.tier as link_tier
from matches
where matches.rule != 'tolerance'
