{%- set fields = [
    ('available', 'available', 'stripe_balances'),
    ('pending', 'pending', 'stripe_balances'),
    ('is_live', 'livemode', 'flag'),
] -%}

with versions as (
    {{ latest_versions(source('raw_stripe', 'balances'), source('raw_stripe', '_dlt_loads'), stamped=false) }}
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
