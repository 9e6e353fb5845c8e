{%- set fields = [
    ('available', 'available', 'stripe_balances'),
    ('pending', 'pending', 'stripe_balances'),
    ('is_live', 'livemode', 'flag'),
] -%}

{{ mirror('stripe', 'balances', fields) }}
