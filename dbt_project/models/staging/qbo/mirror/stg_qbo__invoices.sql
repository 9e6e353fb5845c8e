{%- set fields = [
    ('document_number', 'DocNumber', 'text'),
    ('customer_id', 'CustomerRef.value', 'text'),
    ('customer_name', 'CustomerRef.name', 'text'),
    ('receivable_account_id', 'ARAccountRef.value', 'text'),
    ('terms_id', 'SalesTermRef.value', 'text'),
    ('email_status', 'EmailStatus', 'text'),
    ('bill_email', 'BillEmail.Address', 'text'),
    ('private_note', 'PrivateNote', 'text'),
    ('txn_date', 'TxnDate', 'date'),
    ('due_date', 'DueDate', 'date'),
    ('total_amount', 'TotalAmt', 'money'),
    ('open_amount', 'Balance', 'money'),
    ('deposit_amount', 'Deposit', 'money'),
    ('tax_amount', 'TxnTaxDetail.TotalTax', 'money'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('exchange_rate', 'ExchangeRate', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
    ('links', 'LinkedTxn', 'links'),
] -%}

{{ mirror('qbo', 'invoices', fields, lines=qbo_sales_lines(), derived={'is_voided': qbo_is_voided()}) }}
