{%- set fields = [
    ('institution_name', 'name', 'text'),
    ('is_oauth', 'oauth', 'flag'),
    ('url', 'url', 'text'),
] -%}

with versions as (
    {{ latest_versions(source('raw_plaid', 'institutions'), source('raw_plaid', '_dlt_loads'), stamped=false) }}
),

parsed as (
    select
        *,
        {{ parsed_payload(fields) }} as doc
    from versions
),

renamed as (
    select
        {{ mirror_columns('plaid') }},
        {{ typed_columns(fields) }},
        {{ rejected_values(fields) }} as rejected_values
    from parsed
)

select * from renamed
