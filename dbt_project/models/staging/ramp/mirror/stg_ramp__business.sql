{%- set fields = [
    ('legal_name', 'business_name_legal', 'text'),
    ('business_name', 'business_name_on_card', 'text'),
    ('is_active', 'active', 'flag'),
    ('country', 'billing_address.country', 'text'),
    ('is_limit_locked', 'limit_locked', 'flag'),
    ('created_at', 'created_time', 'instant'),
] -%}

with versions as (
    {{ latest_versions(source('raw_ramp', 'business'), source('raw_ramp', '_dlt_loads'), stamped=false) }}
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
