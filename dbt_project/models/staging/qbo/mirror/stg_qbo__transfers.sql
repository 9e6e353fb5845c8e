{%- set fields = [
    ('from_account_id', 'FromAccountRef.value', 'text'),
    ('to_account_id', 'ToAccountRef.value', 'text'),
    ('private_note', 'PrivateNote', 'text'),
    ('txn_date', 'TxnDate', 'date'),
    ('total_amount', 'Amount', 'money'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('exchange_rate', 'ExchangeRate', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}

{{ mirror('qbo', 'transfers', fields, derived={'is_voided': qbo_is_voided('Amount')}) }}
