{%- set fields = [
    ('account_id', 'account_id', 'text'),
    ('served_amount', 'amount', 'money'),
    ('iso_currency', 'iso_currency_code', 'text'),
    ('unofficial_currency', 'unofficial_currency_code', 'text'),
    ('is_pending', 'pending', 'flag'),
    ('pending_transaction_id', 'pending_transaction_id', 'text'),
    ('posted_date', 'date', 'date'),
    ('authorized_date', 'authorized_date', 'date'),
    ('description', 'name', 'text'),
    ('original_description', 'original_description', 'text'),
    ('merchant_name', 'merchant_name', 'text'),
    ('merchant_entity_id', 'merchant_entity_id', 'text'),
    ('check_number', 'check_number', 'text'),
    ('payment_channel', 'payment_channel', 'text'),
    ('transaction_code', 'transaction_code', 'text'),
    ('reference_number', 'payment_meta.reference_number', 'text'),
    ('payee_name', 'payment_meta.payee', 'text'),
    ('payer_name', 'payment_meta.payer', 'text'),
    ('category_primary', 'personal_finance_category.primary', 'text'),
    ('category_detailed', 'personal_finance_category.detailed', 'text'),
    ('category_confidence', 'personal_finance_category.confidence_level', 'text'),
] -%}
{#- Positive is into the account from here on, as everywhere else. -#}
{%- set derived = {
    'amount': '-' ~ typed('money', 'doc.amount'),
    'currency': 'coalesce(doc.iso_currency_code, doc.unofficial_currency_code)',
} -%}

{{ mirror('plaid', 'transactions', fields, derived=derived) }}
