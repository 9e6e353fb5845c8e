{%- set fields = [
    ('institution_id', 'institution_id', 'text'),
    ('institution_name', 'institution_name', 'text'),
    ('error_code', 'error.error_code', 'text'),
    ('update_type', 'update_type', 'text'),
    ('consent_expires_at', 'consent_expiration_time', 'instant'),
    ('created_at', 'created_at', 'instant'),
] -%}

with versions as (
    {{ latest_versions(source('raw_plaid', 'items'), source('raw_plaid', '_dlt_loads'), stamped=false) }}
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
