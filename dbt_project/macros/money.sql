{#- A total of money; NULL instead of an error where it does not fit DECIMAL(18,2), so that one business cannot fail another. -#}
{% macro money(amount) -%}
    try_cast({{ amount }} as decimal(18, 2))
{%- endmacro %}


{#- `amount` in home currency: as it is, by the document's own exchange rate, or NULL where there is none. -#}
{% macro home_amount(amount, currency, home_currency, exchange_rate) -%}
    case
        when {{ currency }} = {{ home_currency }} then {{ amount }}
        when {{ exchange_rate }} > 0 then try_cast({{ amount }} * {{ exchange_rate }} as decimal(18, 2))
    end
{%- endmacro %}
