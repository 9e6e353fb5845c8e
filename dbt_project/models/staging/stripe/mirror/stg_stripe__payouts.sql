{%- set fields = [
    ('balance_transaction_id', 'balance_transaction', 'text'),
    ('destination_id', 'destination', 'text'),
    ('status', 'status', 'text'),
    ('method', 'method', 'text'),
    ('payout_type', 'type', 'text'),
    ('description', 'description', 'text'),
    ('statement_descriptor', 'statement_descriptor', 'text'),
    ('failure_code', 'failure_code', 'text'),
    ('amount', 'amount', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('is_automatic', 'automatic', 'flag'),
    ('arrival_at', 'arrival_date', 'seconds'),
    ('created_at', 'created', 'seconds'),
] -%}

with versions as (
    {{ latest_versions(source('raw_stripe', 'payouts'), source('raw_stripe', '_dlt_loads'), stamped=false) }}
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
