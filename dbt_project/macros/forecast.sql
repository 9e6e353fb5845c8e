{#-
  Forecasting: what stood at an origin, a past day or today, told from the mirror as it is now. Documents count from their own
  date and payments from theirs, so that what was entered late is known here before anybody knew it.
-#}

{#- The days at which every business is forecast: today and, for the back-test, the same weekday of earlier weeks on which flows
    had been seen for a while. -#}
{% macro forecast_origins() -%}
    with starts as (
        select
            flows.business_id,
            min(flows.flow_date) as first_date
        from {{ ref('int_forecast_flows') }} as flows
        where flows.is_cash
        group by flows.business_id
    ),

    weeks as (
        select cast(unnest(range(policy.history_weeks)) as integer) as weeks_ago
        from {{ ref('forecast_policy') }} as policy
    )

    select
        calendar.business_id,
        calendar.as_of_date,
        weeks.weeks_ago,
        calendar.as_of_date - 7 * weeks.weeks_ago as origin_date
    from {{ ref('int_business_calendar') }} as calendar
    cross join {{ ref('forecast_policy') }} as policy
    cross join weeks
    left join starts on calendar.business_id = starts.business_id
    where
        weeks.weeks_ago = 0
        or calendar.as_of_date - 7 * weeks.weeks_ago >= starts.first_date + policy.warm_up_days
{%- endmacro %}


{#- In how many days a document is expected, as the lower bound of its bin: narrow near the day, wide far from it. -#}
{% macro expected_bin(days) -%}
    case
        {%- for bound in [49, 35, 28, 21, 14, 11, 7, 4, 0, -7, -14, -30, -60, -90] %}
        when {{ days }} >= {{ bound }} then {{ bound }}
        {%- endfor %}
        else -999
    end
{%- endmacro %}


{#- How far a forecast of three quantiles was from what came, low ones punished for being too high and the other way round; their sum,
    which stays a decimal: a mean of quotients depends on the order in which they are added. -#}
{% macro pinball_loss(actual, p10, p50, p90) -%}
    (
        {%- for share, quantile in [('0.1', p10), ('0.5', p50), ('0.9', p90)] %}
        greatest({{ share }} * ({{ actual }} - {{ quantile }}), ({{ share }} - 1) * ({{ actual }} - {{ quantile }})){{ ' +' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
