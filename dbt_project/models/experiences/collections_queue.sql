-- Who has paid is not asked again because the ledger has yet to record it (Stripe) or to apply it, nor for what was given up. What has no exchange rate is owed
-- all the same, how much of home currency nobody can say.
with insights as (
    select
        *,
        nullif(
            overdue_amount - coalesce(overdue_paid_amount, 0) - overdue_credited_amount - coalesce(overdue_uncollectible_amount, 0), 0
        ) as asked_amount
    from {{ ref('fct_payment_insights') }}
    where
        overdue_amount > coalesce(overdue_paid_amount, 0) + overdue_credited_amount + coalesce(overdue_uncollectible_amount, 0)
        or overdue_without_rate_count > 0
),

businesses as (
    select * from {{ ref('dim_business') }}
),

runway as (
    select * from {{ ref('fct_runway_daily') }}
),

-- A customer who always pays twenty days late is not late on the tenth.
judged as (
    select
        insights.*,
        runway.outflow_90,
        runway.observed_days,
        insights.overdue_count
        - insights.overdue_paid_count
        - insights.overdue_credited_count
        - insights.overdue_uncollectible_count
        + insights.overdue_without_rate_count as asked_count,
        insights.as_of_date - insights.oldest_unpaid_due_date as oldest_days_past_due,
        insights.as_of_date - insights.oldest_unpaid_due_date
        - case when insights.paid_count >= 3 then greatest(insights.days_late, 0) else 0 end as days_beyond_habit
    from insights
    left join runway
        on
            insights.business_id = runway.business_id
            and insights.as_of_date = runway.as_of_date
),

reasoned as (
    select
        judged.*,
        case
            when judged.dispute_count > 0 then 'disputes'
            when judged.days_beyond_habit > 0 and judged.paid_count >= 3 then 'later_than_usual'
            when judged.days_beyond_habit > 0 then 'unknown_habit'
            else 'as_late_as_usual'
        end as reason,
        {{ days_of('judged.asked_amount', 'judged.outflow_90', 'judged.observed_days') }} as runway_gain_days
    from judged
)

select
    reasoned.business_id,
    businesses.business_name,
    reasoned.as_of_date,
    row_number() over (
        partition by reasoned.business_id
        order by
            reasoned.reason = 'as_late_as_usual' asc,
            reasoned.asked_amount desc nulls last,
            reasoned.oldest_unpaid_due_date asc,
            reasoned.customer_id asc
    ) as queue_rank,
    reasoned.customer_id,
    reasoned.customer_name,
    reasoned.customer_email,
    reasoned.asked_amount,
    reasoned.overdue_amount,
    reasoned.overdue_paid_amount,
    reasoned.overdue_credited_amount,
    reasoned.overdue_uncollectible_amount,
    reasoned.currency,
    reasoned.overdue_count,
    reasoned.excluded_currencies,
    reasoned.oldest_days_past_due,
    reasoned.days_late as usual_days_late,
    reasoned.paid_count,
    reasoned.reason,
    reasoned.runway_gain_days,
    concat_ws(
        '; ',
        reasoned.asked_count || ' overdue, the oldest by ' || reasoned.oldest_days_past_due || ' days',
        case
            when reasoned.overdue_without_rate_count > 0
                then reasoned.overdue_without_rate_count || ' in ' || reasoned.overdue_excluded_currencies || ', for which there is no exchange rate'
        end,
        case when reasoned.overdue_paid_count > 0 then reasoned.overdue_paid_count || ' more paid through Stripe, and not yet in the ledger' end,
        case
            when reasoned.overdue_uncollectible_count > 0
                then reasoned.overdue_uncollectible_count || ' more given up on Stripe, and open in the ledger'
        end,
        case
            when reasoned.unapplied_amount > 0
                then {{ said_money('reasoned.unapplied_amount', 'reasoned.currency') }} || ' received and not applied'
        end,
        case
            when reasoned.credit_amount > 0
                then {{ said_money('reasoned.credit_amount', 'reasoned.currency') }} || ' credited and not applied'
        end,
        case
            when reasoned.paid_count < 3 then 'too few payments to know the habit'
            when reasoned.days_late > 0 then 'usually pays ' || reasoned.days_late || ' days late'
            else 'usually pays in time'
        end,
        case when reasoned.dispute_count > 0 then reasoned.dispute_count || ' disputed card payments in a year' end,
        case when reasoned.runway_gain_days is not null then 'worth ' || reasoned.runway_gain_days || ' days of runway' end
    ) as why,
    businesses.as_of,
    reasoned.rails_used,
    reasoned.degraded_rails,
    reasoned.synced_at
from reasoned
inner join businesses on reasoned.business_id = businesses.business_id
