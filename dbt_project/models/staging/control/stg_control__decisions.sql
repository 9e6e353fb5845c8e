with decisions as (
    select * from {{ source('raw_control', 'decisions') }}
    {% if var('known_at') -%}
    where decided_at <= timestamptz '{{ var('known_at') }}'
    {%- endif %}
),

undone as (
    select
        undos.business_id,
        undos.subject ->> 'decision_id' as decision_id,
        min(undos.decided_at) as undone_at
    from decisions as undos
    where undos.kind = 'undo'
    group by undos.business_id, undos.subject ->> 'decision_id'
),

renamed as (
    select
        decisions.business_id,
        decisions.decision_id,
        decisions.decision_no,
        decisions.advisor_id,
        decisions.kind,
        decisions.subject,
        decisions.reason,
        decisions.decided_at,
        undone.undone_at,
        undone.decision_id is null as is_standing
    from decisions
    left join undone
        on
            decisions.business_id = undone.business_id
            and decisions.decision_id = undone.decision_id
            and decisions.kind != 'undo'
)

select * from renamed
