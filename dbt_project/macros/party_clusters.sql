{#- How links between parties become clusters, and what makes a cluster doubtful; the model is `int_party_map`. -#}

{#- A CTE of the parties that `edges` connect, each with the lowest number it is connected to. -#}
{% macro connected(name, edges) -%}
{{ name }} (party_no, cluster_no) using key (party_no) as (
    select distinct
        ends.party_no,
        ends.party_no as cluster_no
    from (
        select unnest([edges.left_no, edges.right_no]) as party_no
        from {{ edges }} as edges
    ) as ends

    union

    select
        steps.other_no as party_no,
        min(reached.cluster_no) as cluster_no
    from {{ name }} as reached
    inner join (
        select
            unnest([edges.left_no, edges.right_no]) as party_no,
            unnest([edges.right_no, edges.left_no]) as other_no
        from {{ edges }} as edges
    ) as steps on reached.party_no = steps.party_no
    inner join recurring.{{ name }} as known on steps.other_no = known.party_no
    where reached.cluster_no < known.cluster_no
    group by steps.other_no
)
{%- endmacro %}


{#- Clusters with two members that cannot be one. Links by name alone also may not join two of one rail that nothing else
    calls alike; a person's word yields to another person's alone. -#}
{% macro troubled_clusters(clusters, level) -%}
    select distinct mine.cluster_no
    from apart
    inner join {{ clusters }} as mine on apart.left_no = mine.party_no
    inner join {{ clusters }} as theirs
        on
            apart.right_no = theirs.party_no
            and mine.cluster_no = theirs.cluster_no
    {% if level == 3 -%}
    where apart.is_told
    {%- elif level < 2 -%}
    union

    select distinct mine.cluster_no
    from {{ clusters }} as mine
    inner join {{ clusters }} as theirs
        on
            mine.cluster_no = theirs.cluster_no
            and mine.party_no < theirs.party_no
    inner join parties as my_party on mine.party_no = my_party.party_no
    inner join parties as their_party
        on
            theirs.party_no = their_party.party_no
            and my_party.rail = their_party.rail
    anti join near
        on
            mine.party_no = near.left_no
            and theirs.party_no = near.right_no
    {%- endif %}
{%- endmacro %}


{#- The stable name of a cluster whose oldest member is `party`. Every key that was ever a cluster's is some member's own, so that one
    from before two clusters became one still leads to the party whose it was, and by it to today's. -#}
{% macro party_key(party) -%}
    left(sha256(concat_ws(
        chr(31), {{ party }}.business_id, {{ party }}.party_kind, {{ party }}.rail, {{ party }}.party_id
    )), 32)
{%- endmacro %}


{#- The vendor map and the customer map are one map, of two kinds of party. -#}
{% macro published_party_map(party_kind, noun) -%}
with parties as (
    select * from {{ ref('int_party_map') }}
    where party_kind = '{{ party_kind }}'
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

rails as (
    select
        parties.business_id,
        parties.party_key,
        string_agg(distinct parties.rail, ',' order by parties.rail) as rails_used
    from parties
    group by parties.business_id, parties.party_key
)

select
    parties.business_id,
    parties.rail,
    parties.party_id as rail_{{ noun }}_id,
    parties.party_name as rail_{{ noun }}_name,
    parties.party_key as {{ noun }}_key,
    parties.own_key as own_{{ noun }}_key,
    parties.canonical_name,
    parties.tier,
    parties.method,
    parties.score,
    parties.linked_rail,
    parties.linked_id as linked_rail_{{ noun }}_id,
    parties.suggested_key as suggested_{{ noun }}_key,
    cast(parties.evidence as varchar) as evidence,
    parties.model_version,
    parties.decided_by,
    parties.is_active,
    {{ utc('parties.first_seen_at') }} as first_seen_at,
    rails.rails_used,
    {{ degraded_among('rails.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('parties.synced_at') }} as synced_at
from parties
inner join rails
    on
        parties.business_id = rails.business_id
        and parties.party_key = rails.party_key
inner join rail_health on parties.business_id = rail_health.business_id
{%- endmacro %}
