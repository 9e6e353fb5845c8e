{%- set fields = [
    ('home_currency', 'CurrencyPrefs.HomeCurrency.value', 'text'),
    ('is_multi_currency', 'CurrencyPrefs.MultiCurrencyEnabled', 'flag'),
] -%}

with versions as (
    {{ latest_versions(source('raw_qbo', 'preferences'), source('raw_qbo', '_dlt_loads')) }}
),

parsed as (
    select
        *,
        {{ parsed_payload(fields) }} as doc
    from versions
),

renamed as (
    select
        {{ mirror_columns('qbo') }},
        {{ typed_columns(fields) }},
        {{ rejected_values(fields) }} as rejected_values
    from parsed
)

select * from renamed
