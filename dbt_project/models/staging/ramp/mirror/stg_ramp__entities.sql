{%- set fields = [
    ('entity_name', 'entity_name', 'text'),
    ('is_primary', 'is_primary', 'flag'),
    ('currency', 'currency', 'text'),
] -%}

with versions as (
    {{ latest_versions(source('raw_ramp', 'entities'), source('raw_ramp', '_dlt_loads'), stamped=false) }}
),

parsed as (
    select
        *,
        {{ parsed_payload(fields) }} as doc
    from versions
),

renamed as (
    select
        {{ mirror_columns('ramp') }},
        {{ typed_columns(fields) }},
        {{ rejected_values(fields) }} as rejected_values
    from parsed
)

select * from renamed
