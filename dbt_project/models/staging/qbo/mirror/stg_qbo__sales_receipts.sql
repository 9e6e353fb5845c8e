{%- set fields = [
    ('document_number', 'DocNumber', 'text'),
    ('customer_id', 'CustomerRef.value', 'text'),
    ('customer_name', 'CustomerRef.name', 'text'),
    ('deposit_account_id', 'DepositToAccountRef.value', 'text'),
    ('private_note', 'PrivateNote', 'text'),
    ('txn_date', 'TxnDate', 'date'),
    ('total_amount', 'TotalAmt', 'money'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('exchange_rate', 'ExchangeRate', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}

{{ mirror('qbo', 'sales_receipts', fields, lines=qbo_sales_lines(), derived={'is_voided': qbo_is_voided()}) }}
