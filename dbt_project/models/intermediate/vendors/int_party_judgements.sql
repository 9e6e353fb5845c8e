{{ config(materialized='table') }}

-- What people said of pairs is laid over what their names and proofs say. Which parties are one for it is `int_party_map`.
with parties as (
    select
        names.*,
        row_number() over (order by names.business_id, names.party_kind, names.rail, names.party_id) as party_no
    from {{ ref('int_party_names') }} as names
),

pairs as (
    select * from {{ ref('int_party_pairs') }}
),

shared_addresses as (
    select * from {{ ref('int_shared_addresses') }}
),

decisions as (
    select * from {{ ref('stg_control__decisions') }}
    where kind in ('same', 'different', 'unsure') and is_standing
),

model as (
    {{ party_model_row() }}
),

told as (
    select
        decisions.*,
        coalesce(decisions.subject ->> 'party', 'vendor') as party_kind,
        decisions.subject ->> 'left_rail' as left_rail,
        decisions.subject ->> 'left_id' as left_id,
        decisions.subject ->> 'right_rail' as right_rail,
        decisions.subject ->> 'right_id' as right_id
    from decisions
),

-- The last word on a pair, whichever way round it was named; who is unknown here or another business's is joined to nobody.
verdicts as (
    select
        least(mine.party_no, theirs.party_no) as left_no,
        greatest(mine.party_no, theirs.party_no) as right_no,
        told.kind as verdict,
        told.advisor_id,
        told.decision_id
    from told
    inner join parties as mine
        on
            told.business_id = mine.business_id
            and told.party_kind = mine.party_kind
            and told.left_rail = mine.rail
            and told.left_id = mine.party_id
    inner join parties as theirs
        on
            told.business_id = theirs.business_id
            and told.party_kind = theirs.party_kind
            and told.right_rail = theirs.rail
            and told.right_id = theirs.party_id
    where mine.party_no != theirs.party_no
    qualify row_number() over (
        partition by least(mine.party_no, theirs.party_no), greatest(mine.party_no, theirs.party_no)
        order by told.decision_no desc
    ) = 1
),

-- An address counts where nothing contradicts it: telling has those that are shared and prove nothing by themselves.
compared as (
    select
        pairs.* replace (
            list_filter(pairs.proofs, lambda proof: proof not in ('email', 'domain')) -- noqa: RF02
            || coalesce(shared_addresses.proving, []) as proofs
        ),
        coalesce(shared_addresses.telling, []) as telling,
        case
            when pairs.tier = 'auto' then 'auto'
            else coalesce(shared_addresses.tier, pairs.tier)
        end as address_tier
    from pairs
    left join shared_addresses
        on
            pairs.vetoes is null
            and pairs.business_id = shared_addresses.business_id
            and pairs.party_kind = shared_addresses.party_kind
            and pairs.left_rail = shared_addresses.left_rail
            and pairs.left_id = shared_addresses.left_id
            and pairs.right_rail = shared_addresses.right_rail
            and pairs.right_id = shared_addresses.right_id
),

scored as (
    select
        least(mine.party_no, theirs.party_no) as left_no,
        greatest(mine.party_no, theirs.party_no) as right_no,
        pairs.name_score,
        pairs.proofs,
        pairs.telling,
        pairs.vetoes,
        pairs.features,
        pairs.address_tier as tier,
        case
            when len(pairs.proofs) > 0 then pairs.proofs[1]
            when pairs.tier = 'none' and len(pairs.telling) > 0 then pairs.telling[1]
            else 'name'
        end as method
    from compared as pairs
    inner join parties as mine
        on
            pairs.business_id = mine.business_id
            and pairs.party_kind = mine.party_kind
            and pairs.left_rail = mine.rail
            and pairs.left_id = mine.party_id
    inner join parties as theirs
        on
            pairs.business_id = theirs.business_id
            and pairs.party_kind = theirs.party_kind
            and pairs.right_rail = theirs.rail
            and pairs.right_id = theirs.party_id
),

judged as (
    select
        coalesce(scored.left_no, verdicts.left_no) as left_no,
        coalesce(scored.right_no, verdicts.right_no) as right_no,
        coalesce(scored.name_score, 0.0) as name_score,
        coalesce(scored.proofs, []) as proofs,
        coalesce(scored.telling, []) as telling,
        scored.vetoes,
        scored.features,
        verdicts.verdict,
        verdicts.advisor_id,
        verdicts.decision_id,
        case
            when verdicts.verdict = 'same' then 'auto'
            when verdicts.verdict = 'different' then 'none'
            when verdicts.verdict = 'unsure' and scored.tier = 'auto' then 'suggest'
            else coalesce(scored.tier, 'none')
        end as tier,
        case when verdicts.verdict is not null then 'verdict_' || verdicts.verdict else scored.method end as method
    from scored
    full outer join verdicts
        on
            scored.left_no = verdicts.left_no
            and scored.right_no = verdicts.right_no
),

sides as (
    select
        judged.left_no as party_no,
        judged.right_no as other_no,
        judged.name_score,
        judged.tier
    from judged

    union all

    select
        judged.right_no as party_no,
        judged.left_no as other_no,
        judged.name_score,
        judged.tier
    from judged
),

-- How far a party's candidate is ahead of every other of that rail: two that are as good are a tie for both.
ranked as (
    select
        sides.party_no,
        sides.other_no,
        sides.name_score - coalesce(max(sides.name_score) over others_of_rail, 0.0) as lead_score
    from sides
    inner join parties as others on sides.other_no = others.party_no
    where sides.tier != 'none'
    window others_of_rail as (
        partition by sides.party_no, others.rail
        rows between unbounded preceding and unbounded following exclude current row
    )
)

-- How firm a link is: 3 a person's word, 2 proven, 1 both sides' best by far, 0 names alone.
select
    mine.business_id,
    mine.party_kind,
    mine.rail as left_rail,
    mine.party_id as left_id,
    theirs.rail as right_rail,
    theirs.party_id as right_id,
    judged.name_score,
    judged.proofs,
    judged.telling,
    judged.vetoes,
    judged.features,
    judged.verdict,
    judged.advisor_id,
    judged.decision_id,
    judged.tier,
    judged.method,
    case
        when judged.tier != 'auto' then cast(null as integer)
        when judged.verdict = 'same' then 3
        when len(judged.proofs) > 0 then 2
        when
            mine.rail != theirs.rail
            and least(from_left.lead_score, from_right.lead_score) >= model.gap
            then 1
        else 0
    end as firmness
from judged
inner join parties as mine on judged.left_no = mine.party_no
inner join parties as theirs on judged.right_no = theirs.party_no
inner join model on mine.party_kind = model.party_kind
left join ranked as from_left
    on judged.left_no = from_left.party_no and judged.right_no = from_left.other_no
left join ranked as from_right
    on judged.right_no = from_right.party_no and judged.left_no = from_right.other_no
