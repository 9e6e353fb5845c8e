{%- set fields = [
    ('amount', 'amount', 'money'),
    ('currency', 'currency_code', 'text'),
    ('original_amount', 'original_transaction_amount', 'ramp_amount'),
    ('original_currency', 'original_transaction_amount.currency_code', 'text'),
    ('state', 'state', 'text'),
    ('sync_status', 'sync_status', 'text'),
    ('merchant_id', 'merchant_id', 'text'),
    ('merchant_name', 'merchant_name', 'text'),
    ('merchant_descriptor', 'merchant_descriptor', 'text'),
    ('merchant_category_code', 'merchant_category_code', 'text'),
    ('category_name', 'sk_category_name', 'text'),
    ('card_id', 'card_id', 'text'),
    ('entity_id', 'entity_id', 'text'),
    ('statement_id', 'statement_id', 'text'),
    ('memo', 'memo', 'text'),
    ('transacted_at', 'user_transaction_time', 'instant'),
    ('settled_at', 'settlement_date', 'instant'),
    ('synced_to_ledger_at', 'synced_at', 'instant'),
] -%}

{{ mirror('ramp', 'transactions', fields) }}
