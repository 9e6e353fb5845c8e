{#- The instant of this run, a variable of the run; no SQL reads the machine's clock. -#}
{% macro run_instant() -%}
    timestamptz '{{ var('rowcol_now') }}'
{%- endmacro %}


{#- A TIMESTAMPTZ as what outsiders read: a plain TIMESTAMP in UTC. -#}
{% macro utc(instant) -%}
    timezone('UTC', {{ instant }})
{%- endmacro %}


{#- Whole minutes from `earlier` to `later`. -#}
{% macro minutes_between(earlier, later) -%}
    date_diff('second', {{ earlier }}, {{ later }}) // 60
{%- endmacro %}


{#- How many paydays lie between the next payday known and `day`, both included; one if they do not repeat. -#}
{% macro paydays(day, next_date, interval_days) -%}
    case
        when {{ day }} < {{ next_date }} then 0
        when coalesce({{ interval_days }}, 0) <= 0 then 1
        else 1 + ({{ day }} - {{ next_date }}) // {{ interval_days }}
    end
{%- endmacro %}
