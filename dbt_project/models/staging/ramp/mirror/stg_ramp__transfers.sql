{%- set fields = [
    ('amount', 'amount', 'ramp_amount'),
    ('currency', 'amount.currency_code', 'text'),
    ('status', 'status', 'text'),
    ('sync_status', 'sync_status', 'text'),
    ('payment_id', 'payment_id', 'text'),
    ('entity_id', 'entity_id', 'text'),
    ('created_at', 'created_at', 'instant'),
] -%}

{{ mirror('ramp', 'transfers', fields) }}
