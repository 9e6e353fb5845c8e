{%- set fields = [
    ('event_type', 'type', 'text'),
    ('api_version', 'api_version', 'text'),
    ('object_id', 'data.object.id', 'text'),
    ('object_type', 'data.object.object', 'text'),
    ('request_id', 'request.id', 'text'),
    ('is_live', 'livemode', 'flag'),
    ('created_at', 'created', 'seconds'),
] -%}

with versions as (
    {{ latest_versions(source('raw_stripe', 'events'), source('raw_stripe', '_dlt_loads'), stamped=false) }}
),

parsed as (
    select
        *,
        {{ parsed_payload(fields) }} as doc
    from versions
),

renamed as (
    select
        {{ mirror_columns('stripe') }},
        {{ typed_columns(fields) }},
        {{ rejected_values(fields) }} as rejected_values
    from parsed
)

select * from renamed
