{%- set fields = [
    ('vendor_name', 'DisplayName', 'text'),
    ('company_name', 'CompanyName', 'text'),
    ('print_on_check_name', 'PrintOnCheckName', 'text'),
    ('email', 'PrimaryEmailAddr.Address', 'text'),
    ('phone', 'PrimaryPhone.FreeFormNumber', 'text'),
    ('website', 'WebAddr.URI', 'text'),
    ('account_number', 'AcctNum', 'text'),
    ('is_active', 'Active', 'flag'),
    ('is_1099', 'Vendor1099', 'flag'),
    ('tax_identifier', 'TaxIdentifier', 'text'),
    ('terms_id', 'TermRef.value', 'text'),
    ('bank_account_number', 'VendorPaymentBankDetail.BankAccountNumber', 'text'),
    ('bank_routing_number', 'VendorPaymentBankDetail.BankBranchIdentifier', 'text'),
    ('balance_amount', 'Balance', 'money'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}

{{ mirror('qbo', 'vendors', fields) }}
