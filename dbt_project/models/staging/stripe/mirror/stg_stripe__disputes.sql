{%- set fields = [
    ('charge_id', 'charge', 'text'),
    ('payment_intent_id', 'payment_intent', 'text'),
    ('status', 'status', 'text'),
    ('reason', 'reason', 'text'),
    ('amount', 'amount', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('due_at', 'evidence_details.due_by', 'seconds'),
    ('created_at', 'created', 'seconds'),
] -%}

with versions as (
    {{ latest_versions(source('raw_stripe', 'disputes'), source('raw_stripe', '_dlt_loads'), stamped=false) }}
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
