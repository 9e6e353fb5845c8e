{%- set fields = [
    ('customer_name', 'name', 'text'),
    ('email', 'email', 'text'),
    ('phone', 'phone', 'text'),
    ('description', 'description', 'text'),
    ('balance_amount', 'balance', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('is_delinquent', 'delinquent', 'flag'),
    ('is_live', 'livemode', 'flag'),
    ('created_at', 'created', 'seconds'),
] -%}

with versions as (
    {{ latest_versions(source('raw_stripe', 'customers'), source('raw_stripe', '_dlt_loads'), stamped=false) }}
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
        {{ mirror_columns('stripe') }},
        {{ typed_columns(fields) }},
        {{ rejected_values(fields) }} as rejected_values
    from parsed
)

select * from renamed
