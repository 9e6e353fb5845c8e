{%- set fields = [
    ('document_number', 'DocNumber', 'text'),
    ('account_id', 'DepositToAccountRef.value', 'text'),
    ('private_note', 'PrivateNote', 'text'),
    ('txn_date', 'TxnDate', 'date'),
    ('total_amount', 'TotalAmt', 'money'),
    ('cash_back_amount', 'CashBack.Amount', 'money'),
    ('cash_back_account_id', 'CashBack.AccountRef.value', 'text'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('exchange_rate', 'ExchangeRate', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}
{%- set lines = [
    ('line_id', 'Id', 'text'),
    ('description', 'Description', 'text'),
    ('amount', 'Amount', 'money'),
    ('account_id', 'DepositLineDetail.AccountRef.value', 'text'),
    ('party_id', 'DepositLineDetail.Entity.value', 'text'),
    ('party_name', 'DepositLineDetail.Entity.name', 'text'),
    ('party_type', 'DepositLineDetail.Entity.type', 'text'),
    ('links', 'LinkedTxn', 'links'),
] -%}

{{ mirror('qbo', 'deposits', fields, lines=lines, derived={'is_voided': qbo_is_voided()}) }}
