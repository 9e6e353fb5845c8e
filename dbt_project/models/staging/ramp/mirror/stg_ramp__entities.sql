{%- set fields = [
    ('entity_name', 'entity_name', 'text'),
    ('is_primary', 'is_primary', 'flag'),
    ('currency', 'currency', 'text'),
] -%}

{{ mirror('ramp', 'entities', fields) }}
