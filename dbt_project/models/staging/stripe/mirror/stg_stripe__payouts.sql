{%- set fields = [
    ('balance_transaction_id', 'balance_transaction', 'text'),
    ('destination_id', 'destination', 'text'),
    ('status', 'status', 'text'),
    ('method', 'method', 'text'),
    ('payout_type', 'type', 'text'),
    ('description', 'description', 'text'),
    ('statement_descriptor', 'statement_descriptor', 'text'),
    ('failure_code', 'failure_code', 'text'),
    ('amount', 'amount', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('is_automatic', 'automatic', 'flag'),
    ('arrival_at', 'arrival_date', 'seconds'),
    ('created_at', 'created', 'seconds'),
] -%}

{{ mirror('stripe', 'payouts', fields) }}
