{#- Figures and their changes as a person says them: one amount in the decimals of its currency, sums in whole units, days in tenths. -#}

{#- The currencies without decimals, and those of three or more, as the seed `currency_exponents` has them; a test holds the two together.
    Written out since an amount is said in thirty checks, each of which would read the seed. -#}
{% macro currencies_of_no_decimals() -%}
    (
        'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF'
    )
{%- endmacro %}


{% macro currencies_of_three_decimals() -%}
    ('BHD', 'CLF', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND', 'UYW')
{%- endmacro %}


{#- 12345.510 is "12345.51 USD", "12346 JPY", "12345.510 KWD": rounded half up to the decimals of its currency, two where it is not known. -#}
{% macro shown_amount(amount, currency) -%}
    coalesce(
        case
            when upper({{ currency }}) in {{ currencies_of_no_decimals() }} then cast(cast({{ amount }} as decimal(38, 0)) as varchar)
            when upper({{ currency }}) in {{ currencies_of_three_decimals() }} then cast(cast({{ amount }} as decimal(38, 3)) as varchar)
            else cast(cast({{ amount }} as decimal(38, 2)) as varchar)
        end,
        'no amount'
    ) || coalesce(' ' || {{ currency }}, '')
{%- endmacro %}


{#- 12345.51 in USD is "12,346 USD". -#}
{% macro said_money(amount, currency) -%}
    (format('{:,}', cast(round({{ amount }}) as hugeint)) || coalesce(' ' || {{ currency }}, ''))
{%- endmacro %}


{#- 5.25 is "5.3". -#}
{% macro said_days(days) -%}
    cast(cast({{ days }} as decimal(18, 1)) as varchar)
{%- endmacro %}


{#- How a sum moved; NULL where it did not, or where one of the two is not known. -#}
{% macro said_move(label, present, former, currency) -%}
    case
        when cast(round({{ present }}) as hugeint) != cast(round({{ former }}) as hugeint)
            then
                '{{ label }} ' || case when {{ present }} > {{ former }} then 'rose' else 'fell' end
                || ' from ' || {{ said_money(former, 'cast(null as varchar)') }}
                || ' to ' || {{ said_money(present, currency) }}
        when {{ former }} is null and {{ present }} is not null
            then '{{ label }} is known again: ' || {{ said_money(present, currency) }}
        when {{ former }} is not null and {{ present }} is null then '{{ label }} is not known any more'
    end
{%- endmacro %}


{#- How a number of days moved, likewise. -#}
{% macro said_move_of_days(label, present, former) -%}
    case
        when cast({{ present }} as decimal(18, 1)) != cast({{ former }} as decimal(18, 1))
            then
                '{{ label }} ' || case when {{ present }} > {{ former }} then 'rose' else 'fell' end
                || ' from ' || {{ said_days(former) }} || ' to ' || {{ said_days(present) }} || ' days'
        when {{ former }} is null and {{ present }} is not null
            then '{{ label }} is known again: ' || {{ said_days(present) }} || ' days'
        when {{ former }} is not null and {{ present }} is null then '{{ label }} is not known any more'
    end
{%- endmacro %}


{#- "1 flag", "3 flags". -#}
{% macro said_count(number, one, several) -%}
    (cast({{ number }} as varchar) || case when {{ number }} = 1 then ' {{ one }}' else ' {{ several }}' end)
{%- endmacro %}
