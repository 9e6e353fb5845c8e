{#- The days on which banks move money, by rule, so that no list of them has to be kept; and until which day a bank can be asked. -#}

{#- Whether banks are open on a day: a weekday that is no holiday of the Federal Reserve
    (https://www.frbservices.org/about/holiday-schedules). One on a Sunday is kept on Monday, one on a Saturday not at all.
    615 is June 15th. -#}
{% macro is_bank_day(day) -%}
    {%- set place = '(month(' ~ day ~ ') * 100 + day(' ~ day ~ '))' -%}
    case isodow({{ day }})
        when 1
            then not (
                {{ place }} in (101, 102, 619, 620, 704, 705, 1111, 1112, 1225, 1226)
                or {{ place }} between 115 and 121
                or {{ place }} between 215 and 221
                or {{ place }} between 525 and 531
                or {{ place }} between 901 and 907
                or {{ place }} between 1008 and 1014
            )
        when 4 then not ({{ place }} in (101, 619, 704, 1111, 1225) or {{ place }} between 1122 and 1128)
        when 6 then false
        when 7 then false
        else {{ place }} not in (101, 619, 704, 1111, 1225)
    end
{%- endmacro %}


{#- Which bank day after `earlier` it is at `later`: a Monday is the first one after the Friday before, and so are the Saturday and
    the Sunday between them, on which it has not come yet. 0 up to `earlier` itself and where a date is missing. Beyond four weeks,
    where no limit lies, five days of seven are counted: a day that is looked at costs a microsecond. -#}
{% macro bank_days_between(earlier, later) -%}
    coalesce(
        case
            when {{ later }} > {{ earlier }}
                then 1 + greatest({{ later }} - {{ earlier }} - 28, 0) * 5 // 7
                    + len(list_filter(
                        range(1, least({{ later }} - {{ earlier }}, 28)),
                        lambda step: {{ is_bank_day('(' ~ earlier ~ ' + cast(step as integer))') }}
                    ))
        end,
        0
    )
{%- endmacro %}


{#- The last day of which a bank (`int_bank_seen`) can tell what it does not show; NULL, which least() would pass over, where not all of
    it was ever read. -#}
{% macro bank_asked_until(as_of_date, seen_until) -%}
    case when {{ seen_until }} is not null then least({{ as_of_date }}, {{ seen_until }}) end
{%- endmacro %}
