{{ config(materialized='table') }}

{#- Invoices and bills open at an origin, when each is expected and how much of it. Expected on the due date and as many days later or
    earlier as the party's last twelve payments were in the median, where there were enough by then; else on the due date. What was open
    then is what is open now and what was paid since. Nothing more is expected of what was paid on Stripe by then, nor of what a
    customer's credits cover: that money is there; and nothing of what was given up on Stripe by then: that money does not come. -#}

with origins as (
    {{ forecast_origins() }}
),

collected as (
    select
        collected.business_id,
        collected.qbo_invoice_id as record_id,
        collected.collected_share,
        collected.is_given_up,
        {{ local_day('calendar.time_zone', 'collected.stated_at') }} as collected_on
    from {{ ref('int_stripe_invoices') }} as collected
    inner join {{ ref('int_business_calendar') }} as calendar on collected.business_id = calendar.business_id
    where collected.collected_share > 0 or collected.is_given_up
),

-- The ledger's payments of those invoices: no credits for others.
stripe_receipts as (
    select * from {{ ref('int_stripe_receipts') }}
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
    where not settled.is_open and settled.side in ('receivable', 'payable')
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
    window
        recent as (
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

known as (
    select
        origins.as_of_date,
        origins.origin_date,
        open_weeks.*,
        {{ money('open_weeks.open_amount * coalesce(collected.collected_share, 0)') }} as collected_amount,
        case
            when collected.is_given_up then 0
            else open_weeks.open_amount - {{ money('open_weeks.open_amount * coalesce(collected.collected_share, 0)') }}
        end as unpaid_amount
    from open_weeks
    inner join origins
        on
            open_weeks.business_id = origins.business_id
            and open_weeks.weeks_ago = origins.weeks_ago
    left join collected
        on
            open_weeks.business_id = collected.business_id
            and {{ key_where('open_weeks.record_id', "open_weeks.side = 'receivable'") }} = collected.record_id
            and origins.origin_date >= collected.collected_on
),

-- What customers have paid or been credited and nobody has applied, by the customer.
credits as (
    select
        known.business_id,
        known.weeks_ago,
        known.party_id,
        sum(known.open_amount) as amount
    from known
    anti join stripe_receipts
        on
            known.business_id = stripe_receipts.business_id
            and {{ key_where('known.record_id', "known.side = 'unapplied_payment'") }} = stripe_receipts.payment_id
    where known.side in ('credit_memo', 'unapplied_payment') and known.party_id != ''
    group by known.business_id, known.weeks_ago, known.party_id
),

-- That money is there already: it stands for the customer's invoices, the oldest first, of which no more is expected.
credited as (
    select
        known.business_id,
        known.weeks_ago,
        known.record_id,
        least(known.unpaid_amount, {{ floor_zero('(credits.amount - coalesce(sum(known.unpaid_amount) over earlier, 0))') }})
            as credited_amount
    from known
    inner join credits
        on
            known.business_id = credits.business_id
            and known.weeks_ago = credits.weeks_ago
            and known.party_id = credits.party_id
    where known.side = 'receivable'
    window earlier as (
        partition by known.business_id, known.weeks_ago, known.party_id
        order by known.due_date asc, known.record_id asc
        rows between unbounded preceding and 1 preceding
    )
),

expected as (
    select
        known.business_id,
        known.as_of_date,
        known.weeks_ago,
        known.origin_date,
        known.side,
        known.record_id,
        known.party_id,
        known.due_date,
        known.open_amount,
        known.collected_amount,
        coalesce(credited.credited_amount, 0) as credited_amount,
        known.unpaid_amount - coalesce(credited.credited_amount, 0) as expected_amount,
        coalesce(habits.payment_count >= policy.least_habit_payments, false) as is_habit_known,
        known.due_date
        + cast(round(case when habits.payment_count >= policy.least_habit_payments then habits.days_late else 0 end) as integer)
            as expected_date
    from known
    cross join {{ ref('forecast_policy') }} as policy
    left join credited
        on
            known.business_id = credited.business_id
            and known.weeks_ago = credited.weeks_ago
            and {{ key_where('known.record_id', "known.side = 'receivable'") }} = credited.record_id
    left join habit_weeks as habits
        on
            known.business_id = habits.business_id
            and known.side = habits.side
            and known.party_id = habits.party_id
            and known.weeks_ago = habits.weeks_ago
    where known.side in ('receivable', 'payable')
)

select
    expected.business_id,
    expected.as_of_date,
    expected.weeks_ago,
    expected.origin_date,
    expected.side,
    expected.record_id,
    expected.party_id,
    expected.due_date,
    expected.open_amount,
    expected.collected_amount,
    expected.credited_amount,
    expected.expected_amount,
    expected.is_habit_known,
    expected.expected_date,
    {{ expected_bin('(expected.expected_date - expected.origin_date)') }} as expected_bin
from expected
