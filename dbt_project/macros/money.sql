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


{#- `amount` spread over `days`, rounded half-up to two decimals in whole numbers; NULL for no days. `amount` is not negative. -#}
{% macro per_day(amount, days) -%}
    case
        when {{ days }} > 0
            then {{ money('((cast(' ~ amount ~ ' * 200 as bigint) + ' ~ days ~ ') // (2 * ' ~ days ~ ')) * 0.01') }}
    end
{%- endmacro %}


{#- How many days `amount` lasts when `flow` was spent in `flow_days`; NULL where nothing was. Days are no money, so this divides freely. -#}
{% macro days_of(amount, flow, flow_days) -%}
    case when {{ flow }} > 0 then try_cast(round(cast({{ amount }} as double) * {{ flow_days }} / cast({{ flow }} as double), 2) as decimal(18, 2)) end
{%- endmacro %}


{#- `value`, or 0 where it is negative; NULL stays NULL, which greatest() does not do: DuckDB's greatest(NULL, 0) is 0. -#}
{% macro floor_zero(value) -%}
    (case when {{ value }} < 0 then 0 else {{ value }} end)
{%- endmacro %}
