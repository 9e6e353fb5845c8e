{%- set fields = [
    ('document_number', 'DocNumber', 'text'),
    ('payment_type', 'PaymentType', 'text'),
    ('account_id', 'AccountRef.value', 'text'),
    ('payee_id', 'EntityRef.value', 'text'),
    ('payee_name', 'EntityRef.name', 'text'),
    ('payee_type', 'EntityRef.type', 'text'),
    ('is_credit', 'Credit', 'flag'),
    ('private_note', 'PrivateNote', 'text'),
    ('txn_date', 'TxnDate', 'date'),
    ('total_amount', 'TotalAmt', 'money'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('exchange_rate', 'ExchangeRate', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}

{{ mirror('qbo', 'purchases', fields, lines=qbo_expense_lines(), derived={'is_voided': qbo_is_voided()}) }}
