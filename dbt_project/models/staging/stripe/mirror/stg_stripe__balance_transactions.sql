{%- set fields = [
    ('source_id', 'source', 'text'),
    ('transaction_type', 'type', 'text'),
    ('reporting_category', 'reporting_category', 'text'),
    ('status', 'status', 'text'),
    ('description', 'description', 'text'),
    ('amount', 'amount', 'stripe_amount'),
    ('fee_amount', 'fee', 'stripe_amount'),
    ('net_amount', 'net', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('exchange_rate', 'exchange_rate', 'rate'),
    ('available_at', 'available_on', 'seconds'),
    ('created_at', 'created', 'seconds'),
] -%}

{{ mirror('stripe', 'balance_transactions', fields) }}
