{%- set fields = [
    ('customer_id', 'customer', 'text'),
    ('payment_intent_id', 'payment_intent', 'text'),
    ('balance_transaction_id', 'balance_transaction', 'text'),
    ('status', 'status', 'text'),
    ('description', 'description', 'text'),
    ('statement_descriptor', 'calculated_statement_descriptor', 'text'),
    ('billing_name', 'billing_details.name', 'text'),
    ('amount', 'amount', 'stripe_amount'),
    ('captured_amount', 'amount_captured', 'stripe_amount'),
    ('refunded_amount', 'amount_refunded', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('is_paid', 'paid', 'flag'),
    ('is_captured', 'captured', 'flag'),
    ('is_refunded', 'refunded', 'flag'),
    ('is_disputed', 'disputed', 'flag'),
    ('failure_code', 'failure_code', 'text'),
    ('created_at', 'created', 'seconds'),
] -%}

{{ mirror('stripe', 'charges', fields) }}
