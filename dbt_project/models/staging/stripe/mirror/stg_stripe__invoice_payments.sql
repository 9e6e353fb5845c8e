{%- set fields = [
    ('invoice_id', 'invoice', 'text'),
    ('payment_type', 'payment.type', 'text'),
    ('payment_intent_id', 'payment.payment_intent', 'text'),
    ('charge_id', 'payment.charge', 'text'),
    ('status', 'status', 'text'),
    ('requested_amount', 'amount_requested', 'stripe_amount'),
    ('paid_amount', 'amount_paid', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('created_at', 'created', 'seconds'),
    ('paid_at', 'status_transitions.paid_at', 'seconds'),
    ('canceled_at', 'status_transitions.canceled_at', 'seconds'),
] -%}

{{ mirror('stripe', 'invoice_payments', fields) }}
