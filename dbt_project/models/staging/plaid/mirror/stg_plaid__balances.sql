{%- set fields = [
    ('available_amount', 'available', 'money'),
    ('current_amount', 'current', 'money'),
    ('limit_amount', 'limit', 'money'),
    ('iso_currency', 'iso_currency_code', 'text'),
    ('unofficial_currency', 'unofficial_currency_code', 'text'),
] -%}

with versions as (
    {{ latest_versions(source('raw_plaid', 'balances'), source('raw_plaid', '_dlt_loads'), stamped=false) }}
),

parsed as (
    select
        *,
        {{ parsed_payload(fields) }} as doc
    from versions
),

renamed as (
    select
        {{ mirror_columns('plaid') }},
        {{ typed_columns(fields) }},
        coalesce(doc.iso_currency_code, doc.unofficial_currency_code) as currency,
        {{ rejected_values(fields) }} as rejected_values
    from parsed
)

select * from renamed
