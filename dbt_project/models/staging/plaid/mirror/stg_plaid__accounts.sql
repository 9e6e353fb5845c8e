{%- set fields = [
    ('account_name', 'name', 'text'),
    ('official_name', 'official_name', 'text'),
    ('mask', 'mask', 'text'),
    ('account_type', 'type', 'text'),
    ('account_sub_type', 'subtype', 'text'),
    ('holder_category', 'holder_category', 'text'),
    ('persistent_account_id', 'persistent_account_id', 'text'),
    ('iso_currency', 'balances.iso_currency_code', 'text'),
    ('unofficial_currency', 'balances.unofficial_currency_code', 'text'),
] -%}

with versions as (
    {{ latest_versions(source('raw_plaid', 'accounts'), source('raw_plaid', '_dlt_loads'), stamped=false) }}
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
        coalesce(doc.balances.iso_currency_code, doc.balances.unofficial_currency_code) as currency,
        {{ rejected_values(fields) }} as rejected_values
    from parsed
)

select * from renamed
