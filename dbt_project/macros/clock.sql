{#- The instant of this run, a variable of the run; no SQL reads the machine's clock. -#}
{% macro run_instant() -%}
    timestamptz '{{ var('rowcol_now') }}'
{%- endmacro %}


{#- A TIMESTAMPTZ as what outsiders read: a plain TIMESTAMP in UTC. -#}
{% macro utc(instant) -%}
    timezone('UTC', {{ instant }})
{%- endmacro %}


{#- The date of a TIMESTAMPTZ in a time zone, which may be an offset as the ledger serves it. -#}
{% macro local_day(time_zone, instant) -%}
    case
        when regexp_full_match({{ time_zone }}, '[-+]\d{2}:\d{2}')
            then cast(
                timezone('UTC', {{ instant }})
                + (case when {{ time_zone }}[1] = '-' then -1 else 1 end)
                * (
                    to_hours(cast({{ time_zone }}[2:3] as integer))
                    + to_minutes(cast({{ time_zone }}[5:6] as integer))
                ) as date
            )
        else cast(timezone({{ time_zone }}, {{ instant }}) as date)
    end
{%- endmacro %}


{#- Whole minutes from `earlier` to `later`; 0 if they are the other way round, NULL if one is. -#}
{% macro minutes_between(earlier, later) -%}
    case when {{ earlier }} > {{ later }} then 0 else date_diff('second', {{ earlier }}, {{ later }}) // 60 end
{%- endmacro %}


{#- How many paydays lie between the next payday known and `day`, both included; one if they do not repeat. -#}
{% macro paydays(day, next_date, interval_days) -%}
    case
        when {{ day }} < {{ next_date }} then 0
        when coalesce({{ interval_days }}, 0) <= 0 then 1
        else 1 + ({{ day }} - {{ next_date }}) // {{ interval_days }}
    end
{%- endmacro %}


{#- `column` within the last `days` days of any business's today. A constant, so that the filter reaches the scans; two days
    more than asked, because a business's day can differ from the UTC one. The exact window is the caller's. -#}
{% macro within_days(column, days) -%}
    {%- if var('as_of_date') -%}
    {{ column }} > date '{{ var('as_of_date') }}' - {{ days + 2 }}
    {%- else -%}
    {{ column }} > cast(timestamptz '{{ var('rowcol_now') }}' as date) - {{ days + 2 }}
    {%- endif -%}
{%- endmacro %}
