{%- set fields = [
    ('customer_name', 'name', 'text'),
    ('email', 'email', 'text'),
    ('phone', 'phone', 'text'),
    ('description', 'description', 'text'),
    ('balance_amount', 'balance', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('is_delinquent', 'delinquent', 'flag'),
    ('is_live', 'livemode', 'flag'),
    ('created_at', 'created', 'seconds'),
] -%}

{{ mirror('stripe', 'customers', fields) }}
