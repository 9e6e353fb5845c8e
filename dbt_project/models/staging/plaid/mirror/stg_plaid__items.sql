{%- set fields = [
    ('institution_id', 'institution_id', 'text'),
    ('institution_name', 'institution_name', 'text'),
    ('error_code', 'error.error_code', 'text'),
    ('update_type', 'update_type', 'text'),
    ('consent_expires_at', 'consent_expiration_time', 'instant'),
    ('created_at', 'created_at', 'instant'),
] -%}

{{ mirror('plaid', 'items', fields) }}
