{%- set fields = [
    ('amount', 'amount', 'money'),
    ('currency', 'currency', 'text'),
    ('original_amount', 'original_reimbursement_amount', 'ramp_amount'),
    ('original_currency', 'original_reimbursement_amount.currency_code', 'text'),
    ('payee_amount', 'payee_amount', 'ramp_amount'),
    ('payee_currency', 'payee_amount.currency_code', 'text'),
    ('direction', 'direction', 'text'),
    ('state', 'state', 'text'),
    ('sync_status', 'sync_status', 'text'),
    ('reimbursement_type', 'type', 'text'),
    ('merchant_name', 'merchant', 'text'),
    ('user_id', 'user_id', 'text'),
    ('user_name', 'user_full_name', 'text'),
    ('entity_id', 'entity_id', 'text'),
    ('payment_id', 'payment_id', 'text'),
    ('memo', 'memo', 'text'),
    ('transaction_date', 'transaction_date', 'date'),
    ('created_at', 'created_at', 'instant'),
    ('updated_at', 'updated_at', 'instant'),
    ('synced_to_ledger_at', 'synced_at', 'instant'),
] -%}

{{ mirror('ramp', 'reimbursements', fields) }}
