{%- set fields = [
    ('available_amount', 'available', 'money'),
    ('current_amount', 'current', 'money'),
    ('limit_amount', 'limit', 'money'),
    ('iso_currency', 'iso_currency_code', 'text'),
    ('unofficial_currency', 'unofficial_currency_code', 'text'),
] -%}
{%- set derived = {'currency': 'coalesce(doc.iso_currency_code, doc.unofficial_currency_code)'} -%}

{{ mirror('plaid', 'balances', fields, derived=derived) }}
