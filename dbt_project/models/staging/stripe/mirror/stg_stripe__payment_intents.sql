{%- set fields = [
    ('customer_id', 'customer', 'text'),
    ('latest_charge_id', 'latest_charge', 'text'),
    ('status', 'status', 'text'),
    ('description', 'description', 'text'),
    ('amount', 'amount', 'stripe_amount'),
    ('received_amount', 'amount_received', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('created_at', 'created', 'seconds'),
    ('canceled_at', 'canceled_at', 'seconds'),
] -%}

{{ mirror('stripe', 'payment_intents', fields) }}
