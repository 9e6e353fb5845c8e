{%- set fields = [
    ('account_name', 'Name', 'text'),
    ('fully_qualified_name', 'FullyQualifiedName', 'text'),
    ('account_number', 'AcctNum', 'text'),
    ('account_type', 'AccountType', 'text'),
    ('account_sub_type', 'AccountSubType', 'text'),
    ('classification', 'Classification', 'text'),
    ('parent_id', 'ParentRef.value', 'text'),
    ('is_sub_account', 'SubAccount', 'flag'),
    ('is_active', 'Active', 'flag'),
    ('current_balance', 'CurrentBalance', 'money'),
    ('current_balance_with_sub_accounts', 'CurrentBalanceWithSubAccounts', 'money'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}

{{ mirror('qbo', 'accounts', fields) }}
