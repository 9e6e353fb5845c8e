{%- set fields = [
    ('account_name', 'business_profile.name', 'text'),
    ('country', 'country', 'text'),
    ('default_currency', 'default_currency', 'text'),
    ('are_charges_enabled', 'charges_enabled', 'flag'),
    ('are_payouts_enabled', 'payouts_enabled', 'flag'),
    ('are_details_submitted', 'details_submitted', 'flag'),
    ('created_at', 'created', 'seconds'),
] -%}

{{ mirror('stripe', 'accounts', fields) }}
