{%- set fields = [
    ('customer_name', 'DisplayName', 'text'),
    ('fully_qualified_name', 'FullyQualifiedName', 'text'),
    ('company_name', 'CompanyName', 'text'),
    ('email', 'PrimaryEmailAddr.Address', 'text'),
    ('phone', 'PrimaryPhone.FreeFormNumber', 'text'),
    ('is_active', 'Active', 'flag'),
    ('is_job', 'Job', 'flag'),
    ('parent_id', 'ParentRef.value', 'text'),
    ('terms_id', 'SalesTermRef.value', 'text'),
    ('balance_amount', 'Balance', 'money'),
    ('balance_with_jobs_amount', 'BalanceWithJobs', 'money'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}

{{ mirror('qbo', 'customers', fields) }}
