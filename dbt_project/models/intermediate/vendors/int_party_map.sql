{{ config(materialized='table') }}

with recursive parties as (
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
            list_filter(pairs.proofs, lambda proof: proof not in ('email', 'domain')) || coalesce(shared_addresses.proving, []) as proofs
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
),

-- How firm a link is: 3 a person's word, 2 proven, 1 both sides' best by far, 0 names alone.
edges as (
    select
        judged.left_no,
        judged.right_no,
        case
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
    where judged.tier = 'auto'
),

-- Two who cannot be one: a person said so, or a number contradicts.
apart as (
    select
        judged.left_no,
        judged.right_no,
        judged.verdict is not distinct from 'different' as is_told
    from judged
    where judged.verdict = 'different' or (judged.vetoes is not null and judged.tier = 'none')
),

near as (
    select
        judged.left_no,
        judged.right_no
    from judged
    where judged.tier != 'none'
),

edges_0 as (
    select
        edges.left_no,
        edges.right_no,
        edges.firmness
    from edges
),

-- A cluster that holds two who cannot be one was made by a wrong link: its least firm links go until it holds none.
{% for level in range(4) -%}
{{ connected('clusters_' ~ level, 'edges_' ~ level) }},

troubled_{{ level }} as (
    {{ troubled_clusters('clusters_' ~ level, level) }}
),

edges_{{ level + 1 }} as (
    select
        edges.left_no,
        edges.right_no,
        edges.firmness
    from edges_{{ level }} as edges
    inner join clusters_{{ level }} as clusters on edges.left_no = clusters.party_no
    left join troubled_{{ level }} as troubled on clusters.cluster_no = troubled.cluster_no
    where troubled.cluster_no is null or edges.firmness > {{ level }}
),

{% endfor -%}
{{ connected('clusters_4', 'edges_4') }},

-- Who was said to be one and to be two at once stays unlinked, and says so.
contradicted as (
    select clusters.party_no
    from clusters_3 as clusters
    inner join troubled_3 as troubled on clusters.cluster_no = troubled.cluster_no
),

clustered as (
    select
        parties.*,
        coalesce(clusters.cluster_no, parties.party_no) as cluster_no
    from parties
    left join clusters_4 as clusters on parties.party_no = clusters.party_no
),

-- A cluster is named by its oldest member, who stays the oldest whoever joins: nobody joins earlier than they were seen.
named as (
    select
        clustered.cluster_no,
        {{ party_key('clustered') }} as party_key,
        clustered.canonical_name
    from (
        select
            members.*,
            first_value(members.party_name) over (
                partition by members.cluster_no
                order by
                    members.name_rank asc, members.is_active desc, members.first_seen_at asc, members.rail asc, members.party_id asc
            ) as canonical_name
        from clustered as members
    ) as clustered
    qualify row_number() over (
        partition by clustered.cluster_no
        order by clustered.first_seen_at asc, clustered.rail asc, clustered.party_id asc
    ) = 1
),

links as (
    select
        both_ways.party_no,
        both_ways.other_no,
        both_ways.firmness
    from (
        select
            kept.left_no as party_no,
            kept.right_no as other_no,
            kept.firmness
        from edges_4 as kept

        union all

        select
            kept.right_no as party_no,
            kept.left_no as other_no,
            kept.firmness
        from edges_4 as kept
    ) as both_ways
),

-- What each party rests on: its firmest link, else the likeliest suggestion.
options as (
    select
        sides.party_no,
        sides.other_no,
        links.other_no is not null as is_link,
        coalesce(links.firmness, -1) as firmness,
        sides.name_score
    from sides
    left join links
        on
            sides.party_no = links.party_no
            and sides.other_no = links.other_no
    inner join clustered as mine on sides.party_no = mine.party_no
    inner join clustered as theirs on sides.other_no = theirs.party_no
    where links.other_no is not null or (sides.tier != 'none' and mine.cluster_no != theirs.cluster_no)
    qualify row_number() over (
        partition by sides.party_no
        order by
            coalesce(links.firmness, -1) desc, sides.name_score desc, theirs.name_rank asc, sides.other_no asc
    ) = 1
)

select
    mine.business_id,
    mine.party_kind,
    mine.rail,
    mine.entity,
    mine.party_id,
    mine.party_name,
    named.party_key,
    {{ party_key('mine') }} as own_key,
    coalesce(named.canonical_name, mine.party_name) as canonical_name,
    case
        when options.is_link then 'auto'
        when options.other_no is not null then 'suggest'
        else 'none'
    end as tier,
    case
        when contradicted.party_no is not null then 'contradicting_verdicts'
        when options.other_no is null then 'alone'
        else judged.method
    end as method,
    cast(case when options.firmness >= 2 then 1.0 else options.name_score end as decimal(7, 6)) as score,
    to_json({
        'linked_to': case when options.other_no is not null then {'rail': theirs.rail, 'id': theirs.party_id} end,
        'proofs': judged.proofs,
        'shared': judged.telling,
        'vetoes': judged.vetoes,
        'verdict': judged.verdict,
        'decision_id': judged.decision_id,
        'features': judged.features
    }) as evidence,
    case when options.other_no is not null and not options.is_link then theirs_named.party_key end as suggested_key,
    case when options.other_no is not null and not options.is_link then theirs_named.canonical_name end as suggested_name,
    theirs.rail as linked_rail,
    theirs.party_id as linked_id,
    model.model_version,
    case
        when options.other_no is null then cast(null as varchar)
        when judged.verdict is not null then judged.advisor_id
        when len(judged.proofs) > 0 then 'proof'
        else 'model'
    end as decided_by,
    mine.name_rank = {{ ledger_rank() }} as is_ledger,
    mine.name_rank = {{ bank_text_rank() }} as is_bank_text,
    mine.is_active,
    mine.first_seen_at,
    mine.synced_at
from clustered as mine
inner join named on mine.cluster_no = named.cluster_no
inner join model on mine.party_kind = model.party_kind
left join contradicted on mine.party_no = contradicted.party_no
left join options on mine.party_no = options.party_no
left join clustered as theirs on options.other_no = theirs.party_no
left join named as theirs_named on theirs.cluster_no = theirs_named.cluster_no
left join judged
    on
        least(options.party_no, options.other_no) = judged.left_no
        and greatest(options.party_no, options.other_no) = judged.right_no
