{%- set fields = [
    ('customer_id', 'CustomerRef.value', 'text'),
    ('customer_name', 'CustomerRef.name', 'text'),
    ('deposit_account_id', 'DepositToAccountRef.value', 'text'),
    ('payment_method_id', 'PaymentMethodRef.value', 'text'),
    ('reference_number', 'PaymentRefNum', 'text'),
    ('private_note', 'PrivateNote', 'text'),
    ('txn_date', 'TxnDate', 'date'),
    ('total_amount', 'TotalAmt', 'money'),
    ('unapplied_amount', 'UnappliedAmt', 'money'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('exchange_rate', 'ExchangeRate', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}

{{ mirror('qbo', 'payments', fields, lines=qbo_settlement_lines(), derived={'is_voided': qbo_is_voided()}) }}
