{%- set fields = [
    ('invoice_id', 'invoice', 'text'),
    ('description', 'description', 'text'),
    ('quantity', 'quantity', 'number'),
    ('amount', 'amount', 'stripe_amount'),
    ('currency', 'currency', 'text'),
] -%}

{{ mirror('stripe', 'invoice_lines', fields) }}
