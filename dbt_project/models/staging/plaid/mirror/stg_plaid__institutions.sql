{%- set fields = [
    ('institution_name', 'name', 'text'),
    ('is_oauth', 'oauth', 'flag'),
    ('url', 'url', 'text'),
] -%}

{{ mirror('plaid', 'institutions', fields) }}
