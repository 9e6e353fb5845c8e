{%- set fields = [
    ('document_number', 'DocNumber', 'text'),
    ('vendor_id', 'VendorRef.value', 'text'),
    ('vendor_name', 'VendorRef.name', 'text'),
    ('payment_type', 'PayType', 'text'),
    ('bank_account_id', 'CheckPayment.BankAccountRef.value', 'text'),
    ('card_account_id', 'CreditCardPayment.CCAccountRef.value', 'text'),
    ('private_note', 'PrivateNote', 'text'),
    ('txn_date', 'TxnDate', 'date'),
    ('total_amount', 'TotalAmt', 'money'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('exchange_rate', 'ExchangeRate', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}

{{ mirror('qbo', 'bill_payments', fields, lines=qbo_settlement_lines(), derived={'is_voided': qbo_is_voided()}) }}
