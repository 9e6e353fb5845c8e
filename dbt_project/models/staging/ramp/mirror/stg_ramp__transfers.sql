{%- set fields = [
    ('amount', 'amount', 'ramp_amount'),
    ('currency', 'amount.currency_code', 'text'),
    ('status', 'status', 'text'),
    ('sync_status', 'sync_status', 'text'),
    ('payment_id', 'payment_id', 'text'),
    ('entity_id', 'entity_id', 'text'),
    ('created_at', 'created_at', 'instant'),
] -%}

with versions as (
    {{ latest_versions(source('raw_ramp', 'transfers'), source('raw_ramp', '_dlt_loads'), stamped=false) }}
),

exponents as (
    {{ exponent_maps() }}
),

parsed as (
    select
        versions.*,
        exponents.iso_exponents,
        exponents.stripe_exponents,
        {{ parsed_payload(fields) }} as doc
    from versions
    cross join exponents
),

renamed as (
    select
        {{ mirror_columns('ramp') }},
        {{ typed_columns(fields) }},
        {{ rejected_values(fields) }} as rejected_values
    from parsed
)

select * from renamed
