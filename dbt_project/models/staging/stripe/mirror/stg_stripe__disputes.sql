{%- set fields = [
    ('charge_id', 'charge', 'text'),
    ('payment_intent_id', 'payment_intent', 'text'),
    ('status', 'status', 'text'),
    ('reason', 'reason', 'text'),
    ('amount', 'amount', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('due_at', 'evidence_details.due_by', 'seconds'),
    ('created_at', 'created', 'seconds'),
] -%}

{{ mirror('stripe', 'disputes', fields) }}
