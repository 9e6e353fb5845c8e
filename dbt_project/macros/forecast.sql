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


{#-
  Invoices and bills open at an origin: (business_id, origin_date, side, record_id, party_id, open_amount, is_habit_known,
  expected_bin). Expected on the due date and as many days later or earlier as the party's last twelve payments were in the median, where
  there were enough by then; else on the due date. What was open then is what is open now and what was paid since.
-#}
{% macro documents_by_origin() -%}
    with origins as (
        {{ forecast_origins() }}
    ),

    {{ document_spans() }},

    -- How late each party was with its last payments, as of each of them.
    settled_days as (
        select
            settled.business_id,
            settled.side,
            settled.party_id,
            settled.record_id,
            max(settled.paid_date) as paid_date,
            max(settled.paid_date) - any_value(settled.due_date) as days_late
        from settled
        where not settled.is_open
        group by settled.business_id, settled.side, settled.party_id, settled.record_id
    ),

    -- By the newest origin that knows of it, and for all after it until the party pays again.
    habits as (
        select
            settled_days.business_id,
            settled_days.side,
            settled_days.party_id,
            settled_days.paid_date,
            (calendar.as_of_date - settled_days.paid_date) // 7 as weeks_ago,
            count(*) over recent as payment_count,
            quantile_cont(settled_days.days_late, 0.5) over recent as days_late
        from settled_days
        inner join {{ ref('int_business_calendar') }} as calendar on settled_days.business_id = calendar.business_id
        where settled_days.paid_date <= calendar.as_of_date
        window recent as (
            partition by settled_days.business_id, settled_days.side, settled_days.party_id
            order by settled_days.paid_date asc, settled_days.record_id asc
            rows between 11 preceding and current row
        )
        qualify row_number() over (
            partition by settled_days.business_id, settled_days.side, settled_days.party_id, weeks_ago
            order by settled_days.paid_date desc, settled_days.record_id desc
        ) = 1
    ),

    habit_spans as (
        select
            habits.*,
            lead(habits.weeks_ago, 1, -1) over (
                partition by habits.business_id, habits.side, habits.party_id
                order by habits.weeks_ago desc
            ) as next_weeks_ago
        from habits
    ),

    habit_weeks as (
        select
            habit_spans.business_id,
            habit_spans.side,
            habit_spans.party_id,
            habit_spans.payment_count,
            habit_spans.days_late,
            unnest(range(habit_spans.next_weeks_ago + 1, habit_spans.weeks_ago + 1)) as weeks_ago
        from habit_spans
    ),

    open_weeks as (
        select
            spans.*,
            unnest(range(
                greatest((calendar.as_of_date - spans.to_date + 7) // 7, 0),
                (calendar.as_of_date - spans.from_date) // 7 + 1
            )) as weeks_ago
        from spans
        inner join {{ ref('int_business_calendar') }} as calendar on spans.business_id = calendar.business_id
        where spans.open_amount > 0 and spans.from_date <= calendar.as_of_date
    ),

    open_documents as (
        select
            origins.business_id,
            origins.as_of_date,
            origins.weeks_ago,
            origins.origin_date,
            open_weeks.side,
            open_weeks.record_id,
            open_weeks.party_id,
            open_weeks.due_date,
            open_weeks.open_amount
        from open_weeks
        inner join origins
            on
                open_weeks.business_id = origins.business_id
                and open_weeks.weeks_ago = origins.weeks_ago
    ),

    expected as (
        select
            open_documents.*,
            coalesce(habits.payment_count >= policy.least_habit_payments, false) as is_habit_known,
            open_documents.due_date
            + cast(round(case when habits.payment_count >= policy.least_habit_payments then habits.days_late else 0 end) as integer)
                as expected_date
        from open_documents
        cross join {{ ref('forecast_policy') }} as policy
        left join habit_weeks as habits
            on
                open_documents.business_id = habits.business_id
                and open_documents.side = habits.side
                and open_documents.party_id = habits.party_id
                and open_documents.weeks_ago = habits.weeks_ago
    )

    select
        expected.*,
        {{ expected_bin('(expected.expected_date - expected.origin_date)') }} as expected_bin
    from expected
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
