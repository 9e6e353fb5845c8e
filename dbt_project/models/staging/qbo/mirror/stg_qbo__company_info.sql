{%- set fields = [
    ('company_name', 'CompanyName', 'text'),
    ('legal_name', 'LegalName', 'text'),
    ('country', 'Country', 'text'),
    ('fiscal_year_start_month', 'FiscalYearStartMonth', 'text'),
    ('company_start_date', 'CompanyStartDate', 'date'),
    ('default_time_zone', 'DefaultTimeZone', 'text'),
    ('email', 'Email.Address', 'text'),
    ('customers_email', 'CustomerCommunicationEmailAddr.Address', 'text'),
    ('web_address', 'WebAddr.URI', 'text'),
    ('created_text', 'MetaData.CreateTime', 'text'),
    ('updated_text', 'MetaData.LastUpdatedTime', 'text'),
] -%}

{{ mirror('qbo', 'company_info', fields) }}
