{%- set fields = [
    ('source_id', 'source', 'text'),
    ('transaction_type', 'type', 'text'),
    ('reporting_category', 'reporting_category', 'text'),
    ('status', 'status', 'text'),
    ('description', 'description', 'text'),
    ('amount', 'amount', 'stripe_amount'),
    ('fee_amount', 'fee', 'stripe_amount'),
    ('net_amount', 'net', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('exchange_rate', 'exchange_rate', 'rate'),
    ('available_at', 'available_on', 'seconds'),
    ('created_at', 'created', 'seconds'),
] -%}

with versions as (
    {{ latest_versions(source('raw_stripe', 'balance_transactions'), source('raw_stripe', '_dlt_loads'), stamped=false) }}
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
