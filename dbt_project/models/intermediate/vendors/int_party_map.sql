{{ config(materialized='table') }}

with recursive parties as (
    select
        names.*,
        row_number() over (order by names.business_id, names.party_kind, names.rail, names.party_id) as party_no
    from {{ ref('int_party_names') }} as names
),

model as (
    {{ party_model_row() }}
),

judged as (
    select
        judgements.*,
        mine.party_no as left_no,
        theirs.party_no as right_no
    from {{ ref('int_party_judgements') }} as judgements
    inner join parties as mine
        on
            judgements.business_id = mine.business_id
            and judgements.party_kind = mine.party_kind
            and judgements.left_rail = mine.rail
            and judgements.left_id = mine.party_id
    inner join parties as theirs
        on
            judgements.business_id = theirs.business_id
            and judgements.party_kind = theirs.party_kind
            and judgements.right_rail = theirs.rail
            and judgements.right_id = theirs.party_id
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
        judged.left_no,
        judged.right_no,
        judged.firmness
    from judged
    where judged.tier = 'auto'
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
