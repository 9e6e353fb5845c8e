{%- set fields = [
    ('charge_id', 'charge', 'text'),
    ('payment_intent_id', 'payment_intent', 'text'),
    ('balance_transaction_id', 'balance_transaction', 'text'),
    ('status', 'status', 'text'),
    ('reason', 'reason', 'text'),
    ('amount', 'amount', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('created_at', 'created', 'seconds'),
] -%}

{{ mirror('stripe', 'refunds', fields) }}
