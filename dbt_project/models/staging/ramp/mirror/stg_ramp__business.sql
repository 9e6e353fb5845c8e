{%- set fields = [
    ('legal_name', 'business_name_legal', 'text'),
    ('business_name', 'business_name_on_card', 'text'),
    ('is_active', 'active', 'flag'),
    ('country', 'billing_address.country', 'text'),
    ('is_limit_locked', 'limit_locked', 'flag'),
    ('created_at', 'created_time', 'instant'),
] -%}

{{ mirror('ramp', 'business', fields) }}
