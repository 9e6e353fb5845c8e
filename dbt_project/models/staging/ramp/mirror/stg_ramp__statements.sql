{%- set fields = [
    ('opening_amount', 'opening_balance', 'ramp_amount'),
    ('charges_amount', 'charges', 'ramp_amount'),
    ('credits_amount', 'credits', 'ramp_amount'),
    ('payments_amount', 'payments', 'ramp_amount'),
    ('ending_amount', 'ending_balance', 'ramp_amount'),
    ('currency', 'ending_balance.currency_code', 'text'),
    ('starts_at', 'start_date', 'instant'),
    ('ends_at', 'end_date', 'instant'),
] -%}

{{ mirror('ramp', 'statements', fields) }}
