{%- set fields = [
    ('invoice_id', 'invoice', 'text'),
    ('payment_type', 'payment.type', 'text'),
    ('payment_intent_id', 'payment.payment_intent', 'text'),
    ('charge_id', 'payment.charge', 'text'),
    ('status', 'status', 'text'),
    ('requested_amount', 'amount_requested', 'stripe_amount'),
    ('paid_amount', 'amount_paid', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('created_at', 'created', 'seconds'),
    ('paid_at', 'status_transitions.paid_at', 'seconds'),
    ('canceled_at', 'status_transitions.canceled_at', 'seconds'),
] -%}

with versions as (
    {{ latest_versions(source('raw_stripe', 'invoice_payments'), source('raw_stripe', '_dlt_loads'), stamped=false) }}
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
