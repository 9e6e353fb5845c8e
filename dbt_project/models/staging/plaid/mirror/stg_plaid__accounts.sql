{%- set fields = [
    ('account_name', 'name', 'text'),
    ('official_name', 'official_name', 'text'),
    ('mask', 'mask', 'text'),
    ('account_type', 'type', 'text'),
    ('account_sub_type', 'subtype', 'text'),
    ('holder_category', 'holder_category', 'text'),
    ('persistent_account_id', 'persistent_account_id', 'text'),
    ('iso_currency', 'balances.iso_currency_code', 'text'),
    ('unofficial_currency', 'balances.unofficial_currency_code', 'text'),
] -%}
{%- set derived = {'currency': 'coalesce(doc.balances.iso_currency_code, doc.balances.unofficial_currency_code)'} -%}

{{ mirror('plaid', 'accounts', fields, derived=derived) }}
