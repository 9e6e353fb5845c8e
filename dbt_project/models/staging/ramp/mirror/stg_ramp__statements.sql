{%- set fields = [
    ('opening_amount', 'opening_balance', 'ramp_amount'),
    ('charges_amount', 'charges', 'ramp_amount'),
    ('credits_amount', 'credits', 'ramp_amount'),
    ('payments_amount', 'payments', 'ramp_amount'),
    ('ending_amount', 'ending_balance', 'ramp_amount'),
    ('currency', 'ending_balance.currency_code', 'text'),
    ('starts_at', 'start_date', 'instant'),
    ('ends_at', 'end_date', 'instant'),
] -%}

with versions as (
    {{ latest_versions(source('raw_ramp', 'statements'), source('raw_ramp', '_dlt_loads'), stamped=false) }}
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
