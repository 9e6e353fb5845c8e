{%- set fields = [
    ('vendor_name', 'name', 'text'),
    ('legal_name', 'name_legal', 'text'),
    ('qbo_vendor_id', 'accounting_vendor_remote_id', 'text'),
    ('is_active', 'is_active', 'flag'),
    ('vendor_type', 'vendor_type', 'text'),
    ('merchant_id', 'merchant_id', 'text'),
    ('federal_tax_classification', 'federal_tax_classification', 'text'),
    ('category_name', 'sk_category_name', 'text'),
    ('state', 'state', 'text'),
    ('country', 'country', 'text'),
    ('created_at', 'created_at', 'instant'),
] -%}

{{ mirror('ramp', 'vendors', fields) }}
