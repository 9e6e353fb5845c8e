{%- set fields = [
    ('balance_transaction_id', 'id', 'text'),
    ('source_id', 'source', 'text'),
    ('transaction_type', 'type', 'text'),
    ('reporting_category', 'reporting_category', 'text'),
    ('description', 'description', 'text'),
    ('amount', 'amount', 'stripe_amount'),
    ('fee_amount', 'fee', 'stripe_amount'),
    ('net_amount', 'net', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('exchange_rate', 'exchange_rate', 'rate'),
    ('created_at', 'created', 'seconds'),
] -%}
{#- A movement does not name the payout it is in; its record id does. -#}
{%- set derived = {'payout_id': "split_part(record_id, '/', 1)"} -%}

{{ mirror('stripe', 'payout_transactions', fields, derived=derived) }}
