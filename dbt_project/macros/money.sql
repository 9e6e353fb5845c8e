{#- Beyond this a total is no total: a few of them added must fit DECIMAL(18,2), whose arithmetic fails the statement, and
    with it every business, where it overflows. A single document's amount may be ten times larger. -#}
{% macro money_bound() -%}
    1000000000000000.00
{%- endmacro %}


{#- A total of money; NULL instead of an error where it is out of bounds, so that one business cannot fail another. -#}
{% macro money(amount) -%}
    case when abs(try_cast({{ amount }} as decimal(18, 2))) < {{ money_bound() }} then try_cast({{ amount }} as decimal(18, 2)) end
{%- endmacro %}


{#- An amount with room for arithmetic: DuckDB adds and multiplies two decimals of at most 18 digits in 18 digits, and fails the
    statement where the result has more. For a single document's amount, before it is added, subtracted or multiplied. -#}
{% macro wide(amount) -%}
    cast({{ amount }} as decimal(38, 2))
{%- endmacro %}


{#- A total of money over the rows for which `condition` holds: 0 where it holds for none, NULL where no amount of theirs is known. -#}
{% macro known_total(amount, condition) -%}
    case
        when count(*) filter ({{ condition }}) = 0 then 0
        else sum({{ amount }}) filter ({{ condition }})
    end
{%- endmacro %}


{#- `amount` in home currency: as it is, by the document's own exchange rate, or NULL where there is none. -#}
{% macro home_amount(amount, currency, home_currency, exchange_rate) -%}
    case
        when {{ currency }} = {{ home_currency }} then {{ amount }}
        when {{ exchange_rate }} > 0 then {{ money(wide(amount) ~ ' * ' ~ exchange_rate) }}
    end
{%- endmacro %}


{#- `amount` spread over `days`, rounded half-up to two decimals in whole numbers; NULL for no days. `amount` is not negative. -#}
{% macro per_day(amount, days) -%}
    case
        when {{ days }} > 0
            then {{ money('((cast(' ~ wide(amount) ~ ' * 200 as bigint) + ' ~ days ~ ') // (2 * ' ~ days ~ ')) * 0.01') }}
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
