{{ config(materialized='table') }}

-- What an address that two parties share says of them hangs on who else has it, so that it is judged here, over all of them.
with parties as (
    select * from {{ ref('int_party_names') }}
),

pairs as (
    select * from {{ ref('int_party_pairs') }}
    where list_has_any(proofs, ['email', 'domain'])
),

model as (
    {{ party_model_row() }}
),

addresses as (
    select
        parties.business_id,
        parties.party_kind,
        parties.rail,
        parties.party_id,
        len(parties.names) > 0 as is_named,
        unnest(list_filter(parties.evidence, lambda proof: proof.kind in ('email', 'domain'))) as address
    from parties
),

shared as (
    select
        pairs.business_id,
        pairs.party_kind,
        pairs.left_rail,
        pairs.left_id,
        pairs.right_rail,
        pairs.right_id,
        mine.address,
        -- Whom one calls by a part of the other's name is called alike; where a name is missing nothing speaks against it.
        mine.is_named
        and theirs.is_named
        and pairs.name_score < model.suggest
        and coalesce(cast(pairs.features ->> 'covered' as double), 0) < {{ covered_name() }} as is_unlike
    from pairs
    inner join model on pairs.party_kind = model.party_kind
    inner join addresses as mine
        on
            pairs.business_id = mine.business_id
            and pairs.party_kind = mine.party_kind
            and pairs.left_rail = mine.rail
            and pairs.left_id = mine.party_id
    inner join addresses as theirs
        on
            pairs.business_id = theirs.business_id
            and pairs.party_kind = theirs.party_kind
            and pairs.right_rail = theirs.rail
            and pairs.right_id = theirs.party_id
            and mine.address = theirs.address
),

-- How many of other names have a party's address too.
strangers as (
    select
        sides.business_id,
        sides.party_kind,
        sides.address,
        sides.rail,
        sides.party_id,
        count(*) filter (sides.is_unlike) as strangers
    from (
        {%- for side in ['left', 'right'] %}
        {{ 'union all' if not loop.first }}

        select
            shared.business_id,
            shared.party_kind,
            shared.address,
            shared.{{ side }}_rail as rail,
            shared.{{ side }}_id as party_id,
            shared.is_unlike
        from shared
        {%- endfor %}
    ) as sides
    group by sides.business_id, sides.party_kind, sides.address, sides.rail, sides.party_id
),

-- Names that are alike and one address are one party, unless the address is many's. Where the names are not alike, the same mail box
-- on two rails that nobody else has is one's; two whom one rail lists under other names are proposed, since whoever listed them
-- took them for two.
judged as (
    select
        shared.*,
        case
            when least(mine.strangers, theirs.strangers) > 1 then 'none'
            when not shared.is_unlike then 'auto'
            when
                shared.address.kind = 'email' and shared.left_rail != shared.right_rail
                and greatest(mine.strangers, theirs.strangers) = 1
                then 'auto'
            else 'suggest'
        end as tier
    from shared
    inner join strangers as mine
        on
            shared.business_id = mine.business_id
            and shared.party_kind = mine.party_kind
            and shared.address = mine.address
            and shared.left_rail = mine.rail
            and shared.left_id = mine.party_id
    inner join strangers as theirs
        on
            shared.business_id = theirs.business_id
            and shared.party_kind = theirs.party_kind
            and shared.address = theirs.address
            and shared.right_rail = theirs.rail
            and shared.right_id = theirs.party_id
)

select
    judged.business_id,
    judged.party_kind,
    judged.left_rail,
    judged.left_id,
    judged.right_rail,
    judged.right_id,
    case when bool_or(judged.tier = 'auto') then 'auto' else 'suggest' end as tier,
    -- The mail box says more than its domain and comes first.
    coalesce(list_sort(list(distinct judged.address.kind) filter (judged.tier = 'auto'), 'DESC'), []) as proving,
    coalesce(list_sort(list(distinct judged.address.kind) filter (judged.tier = 'suggest'), 'DESC'), []) as telling
from judged
where judged.tier != 'none'
group by judged.business_id, judged.party_kind, judged.left_rail, judged.left_id, judged.right_rail, judged.right_id
