{%- set fields = [
    ('vendor_name', 'name', 'text'),
    ('legal_name', 'name_legal', 'text'),
    ('qbo_vendor_id', 'accounting_vendor_remote_id', 'text'),
    ('is_active', 'is_active', 'flag'),
    ('vendor_type', 'vendor_type', 'text'),
    ('merchant_id', 'merchant_id', 'text'),
    ('federal_tax_classification', 'federal_tax_classification', 'text'),
    ('category_name', 'sk_category_name', 'text'),
    ('state', 'state', 'text'),
    ('country', 'country', 'text'),
    ('created_at', 'created_at', 'instant'),
] -%}

with versions as (
    {{ latest_versions(source('raw_ramp', 'vendors'), source('raw_ramp', '_dlt_loads'), stamped=false) }}
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
