{#- Which days the service levels are told of, and what is promised. -#}

{#- The days to compute now, as constants, so that a cycle in which no day has ended reads nothing of the log: first and last
    day, and the first of the months they touch. A day is computed once, when it has been over for an hour: what was seen in
    its last minutes is published by then, and the log tells of it. None where nothing is to be computed. -#}
{% macro service_days() -%}
    {%- set query -%}
        with known as (
            select
                cast({{ utc(run_instant()) }} - interval 1 hour as date) - 1 as last_day,
                (select cast(min(log.recorded_at) as date) from {{ source('audit', 'transaction_log') }} as log) as began,
                {% if is_incremental() -%}
                (select max(facts.period_end_date) + 1 from {{ this }} as facts) as next_day
                {%- else -%}
                cast(null as date) as next_day
                {%- endif %}
        )

        select
            greatest(coalesce(known.next_day, known.began), known.last_day - {{ service_days_kept() }} + 1) as first_day,
            known.last_day,
            cast(date_trunc('month', coalesce(known.next_day, known.began)) as date) as first_month
        from known
        where coalesce(known.next_day, known.began) <= known.last_day
    {%- endset -%}
    {{ return((run_query(query).rows | first) if execute else none) }}
{%- endmacro %}


{% macro service_days_kept() -%}
    62
{%- endmacro %}


{#- Post-hook: single days beyond those kept go, months stay. -#}
{% macro forget_older_service_days() -%}
    delete from {{ this }} as facts
    where facts.period = 'day' and facts.period_start_date < cast({{ utc(run_instant()) }} as date) - {{ service_days_kept() }} - 1
{%- endmacro %}
