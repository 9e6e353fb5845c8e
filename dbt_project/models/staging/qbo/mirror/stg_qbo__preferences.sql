{%- set fields = [
    ('home_currency', 'CurrencyPrefs.HomeCurrency.value', 'text'),
    ('is_multi_currency', 'CurrencyPrefs.MultiCurrencyEnabled', 'flag'),
] -%}

{{ mirror('qbo', 'preferences', fields) }}
