{%- set fields = [
    ('account_nickname', 'account_nickname', 'text'),
    ('currency', 'currency', 'text'),
    ('is_default', 'is_default', 'flag'),
    ('payment_method', 'payment_method', 'text'),
] -%}

with versions as (
    {{ latest_versions(source('raw_ramp', 'vendor_accounts'), source('raw_ramp', '_dlt_loads'), stamped=false) }}
),

parsed as (
    select
        *,
        {{ parsed_payload(fields) }} as doc
    from versions
),

renamed as (
    select
        {{ mirror_columns('ramp') }},
        {{ typed_columns(fields) }},
        -- An account does not name its vendor; its record id does.
        split_part(record_id, '/', 1) as vendor_id,
        {{ rejected_values(fields) }} as rejected_values
    from parsed
)

select * from renamed
