{%- set fields = [
    ('account_name', 'business_profile.name', 'text'),
    ('country', 'country', 'text'),
    ('default_currency', 'default_currency', 'text'),
    ('are_charges_enabled', 'charges_enabled', 'flag'),
    ('are_payouts_enabled', 'payouts_enabled', 'flag'),
    ('are_details_submitted', 'details_submitted', 'flag'),
    ('created_at', 'created', 'seconds'),
] -%}

with versions as (
    {{ latest_versions(source('raw_stripe', 'accounts'), source('raw_stripe', '_dlt_loads'), stamped=false) }}
),

parsed as (
    select
        *,
        {{ parsed_payload(fields) }} as doc
    from versions
),

renamed as (
    select
        {{ mirror_columns('stripe') }},
        {{ typed_columns(fields) }},
        {{ rejected_values(fields) }} as rejected_values
    from parsed
)

select * from renamed
