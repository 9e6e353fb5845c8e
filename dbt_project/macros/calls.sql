{#- How outcomes keep the calls to a vendor, as `ingestion/traffic.py` writes them; a test compares the two. -#}

{#- The calls of one sync by endpoint, from their text. -#}
{% macro calls_by_endpoint(text) -%}
    cast(
        {{ text }} as json
    )::map(varchar, struct(calls bigint, errors bigint, throttled bigint, latency map(varchar, bigint)))
{%- endmacro %}


{#- The milliseconds a bucket stands for, at most 5 % from what was measured: each is a tenth wider than the one before. -#}
{% macro milliseconds_of(bucket) -%}
    cast(pow(1.1, {{ bucket }}) * 2 / 2.1 as decimal(10, 1))
{%- endmacro %}


{#- The day of a call, in UTC like the vendors' own limits. -#}
{% macro day_of_call(instant) -%}
    cast(timezone('UTC', {{ instant }}) as date)
{%- endmacro %}


{% macro days_of_calls_kept() -%}
    90
{%- endmacro %}


{#- Post-hook: days beyond those kept go. -#}
{% macro forget_older_calls() -%}
    delete from {{ this }} as facts
    where facts.call_date < {{ day_of_call(run_instant()) }} - {{ days_of_calls_kept() }}
{%- endmacro %}
