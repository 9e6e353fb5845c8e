{%- set fields = [
    ('account_nickname', 'account_nickname', 'text'),
    ('currency', 'currency', 'text'),
    ('is_default', 'is_default', 'flag'),
    ('payment_method', 'payment_method', 'text'),
] -%}
{#- An account does not name its vendor; its record id does. -#}
{%- set derived = {'vendor_id': "split_part(record_id, '/', 1)"} -%}

{{ mirror('ramp', 'vendor_accounts', fields, derived=derived) }}
