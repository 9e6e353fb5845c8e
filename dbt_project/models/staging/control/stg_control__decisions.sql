with decisions as (
    select * from {{ source('raw_control', 'decisions') }}
    {% if var('known_at') -%}
    where decided_at <= timestamptz '{{ var('known_at') }}'
    {%- endif %}
),

undos as (
    select
        told.business_id,
        told.subject ->> 'decision_id' as decision_id,
        told.subject ->> 'bulk_id' as bulk_id,
        told.decided_at
    from decisions as told
    where told.kind = 'undo'
),

-- One decision by its id, or all that were made at once by theirs.
undone as (
    select
        named.business_id,
        named.decision_id,
        min(named.decided_at) as undone_at
    from (
        select
            undos.business_id,
            undos.decision_id,
            undos.decided_at
        from undos
        where undos.decision_id is not null

        union all

        select
            made.business_id,
            made.decision_id,
            undos.decided_at
        from undos
        inner join decisions as made
            on
                undos.business_id = made.business_id
                and undos.bulk_id = made.bulk_id
    ) as named
    group by named.business_id, named.decision_id
),

-- An approval counts once the guardrail has let it through: before it was stored, or by the run that judged it. A bill that a
-- person entered counts once a run has judged it.
admitted as (
    select distinct
        told.business_id,
        told.subject ->> 'decision_id' as decision_id
    from decisions as told
    where told.kind = 'admitted'
),

refused as (
    select distinct
        told.business_id,
        told.subject ->> 'decision_id' as decision_id
    from decisions as told
    where told.kind = 'refused'
),

renamed as (
    select
        decisions.business_id,
        decisions.decision_id,
        decisions.decision_no,
        decisions.bulk_id,
        decisions.advisor_id,
        decisions.kind,
        decisions.subject,
        decisions.reason,
        decisions.decided_at,
        undone.undone_at,
        admitted.decision_id is not null as is_admitted,
        undone.decision_id is null
        and refused.decision_id is null
        and (
            decisions.kind not in ('approve', 'enter-bill')
            or admitted.decision_id is not null
            or (decisions.subject ->> 'guardrail') is not null
        ) as is_standing
    from decisions
    left join undone
        on
            decisions.business_id = undone.business_id
            and {{ key_where('decisions.decision_id', "decisions.kind != 'undo'") }} = undone.decision_id
    left join admitted
        on
            decisions.business_id = admitted.business_id
            and decisions.decision_id = admitted.decision_id
    left join refused
        on
            decisions.business_id = refused.business_id
            and decisions.decision_id = refused.decision_id
)

select * from renamed
