{%- set fields = [
    ('customer_id', 'customer', 'text'),
    ('latest_charge_id', 'latest_charge', 'text'),
    ('status', 'status', 'text'),
    ('description', 'description', 'text'),
    ('amount', 'amount', 'stripe_amount'),
    ('received_amount', 'amount_received', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('created_at', 'created', 'seconds'),
    ('canceled_at', 'canceled_at', 'seconds'),
] -%}

with versions as (
    {{ latest_versions(source('raw_stripe', 'payment_intents'), source('raw_stripe', '_dlt_loads'), stamped=false) }}
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
