{%- set fields = [
    ('available_card_limit', 'available_card_limit', 'money'),
    ('card_limit', 'card_limit', 'money'),
    ('balance_including_pending', 'balance_including_pending', 'money'),
    ('card_balance_excluding_pending', 'card_balance_excluding_pending', 'money'),
    ('card_balance_including_pending', 'card_balance_including_pending', 'money'),
    ('flex_balance', 'flex_balance', 'money'),
    ('float_balance_excluding_pending', 'float_balance_excluding_pending', 'money'),
    ('statement_balance', 'statement_balance', 'money'),
    ('next_billing_date', 'next_billing_date', 'us_date'),
    ('previous_billing_date', 'prev_billing_date', 'us_date'),
] -%}

{{ mirror('ramp', 'balances', fields) }}
