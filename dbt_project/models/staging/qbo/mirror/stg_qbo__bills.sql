{%- set fields = [
    ('document_number', 'DocNumber', 'text'),
    ('vendor_id', 'VendorRef.value', 'text'),
    ('vendor_name', 'VendorRef.name', 'text'),
    ('payable_account_id', 'APAccountRef.value', 'text'),
    ('terms_id', 'SalesTermRef.value', 'text'),
    ('private_note', 'PrivateNote', 'text'),
    ('txn_date', 'TxnDate', 'date'),
    ('due_date', 'DueDate', 'date'),
    ('total_amount', 'TotalAmt', 'money'),
    ('open_amount', 'Balance', 'money'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('exchange_rate', 'ExchangeRate', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
    ('links', 'LinkedTxn', 'links'),
] -%}

{{ mirror('qbo', 'bills', fields, lines=qbo_expense_lines(), derived={'is_voided': qbo_is_voided()}) }}
