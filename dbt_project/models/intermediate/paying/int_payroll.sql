with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

reserves as (
    select * from {{ ref('stg_control__reserves') }}
),

wages as (
    select * from {{ ref('int_wage_movements') }}
    where not is_other_side and {{ within_days('movement_date', 200) }}
),

paydays as (
    select
        calendar.business_id,
        calendar.as_of_date,
        wages.movement_date,
        sum(wages.amount) as amount
    from calendar
    inner join wages
        on
            calendar.business_id = wages.business_id
            and wages.movement_date <= calendar.as_of_date
    group by calendar.business_id, calendar.as_of_date, wages.movement_date
),

gaps as (
    select
        paydays.*,
        cast(
            paydays.movement_date
            - lag(paydays.movement_date) over (partition by paydays.business_id order by paydays.movement_date asc) as integer
        ) as gap_days,
        row_number() over (partition by paydays.business_id order by paydays.movement_date desc) as recency
    from paydays
),

-- Of the last seven, so that a change of rhythm is followed; a median, so that one extra payday is no rhythm.
rhythms as (
    select
        gaps.business_id,
        any_value(gaps.as_of_date) as as_of_date,
        max(gaps.movement_date) as last_date,
        quantile_disc(gaps.amount, 0.5) filter (gaps.recency <= 3) as amount,
        quantile_disc(gaps.gap_days, 0.5) as interval_days,
        count(*) as seen_count
    from gaps
    where gaps.recency <= 7
    group by gaps.business_id
),

regular as (
    select * from rhythms
    where
        rhythms.seen_count >= 3
        and (rhythms.interval_days between 6 and 8 or rhythms.interval_days between 13 and 16 or rhythms.interval_days between 27 and 32)
),

-- A payday that is a few days late is still to come; one that is later than that has stopped.
inferred as (
    select
        regular.business_id,
        regular.amount,
        regular.interval_days,
        greatest(regular.last_date + regular.interval_days, regular.as_of_date) as next_date
    from regular
    where regular.amount is not null and regular.last_date + regular.interval_days >= regular.as_of_date - 5
),

-- Who sets a payroll and not how often goes on paying as until now; 0 says that it is the last.
set_payrolls as (
    select
        calendar.business_id,
        calendar.payroll_amount,
        calendar.payroll_next_date,
        coalesce(calendar.payroll_interval_days, regular.interval_days) as payroll_interval_days
    from calendar
    left join regular on calendar.business_id = regular.business_id
    where calendar.payroll_amount is not null
),

-- Money set aside for payroll is a plan too, nothing included: that is how a client says that it pays nobody.
set_aside as (
    select
        calendar.business_id,
        sum(reserves.amount) as amount
    from calendar
    inner join reserves
        on
            calendar.business_id = reserves.business_id
            and reserves.active_from <= calendar.as_of_date
            and (reserves.active_until is null or reserves.active_until >= calendar.as_of_date)
    where reserves.kind = 'payroll'
    group by calendar.business_id
),

-- What was set goes on by its interval, from the payday that was entered.
planned as (
    select
        calendar.business_id,
        calendar.as_of_date,
        {{ money('coalesce(set_payrolls.payroll_amount, inferred.amount)') }} as payroll_amount,
        case
            when set_payrolls.business_id is null then inferred.next_date
            when set_payrolls.payroll_next_date < calendar.as_of_date and set_payrolls.payroll_interval_days > 0
                then set_payrolls.payroll_next_date + cast(
                    (calendar.as_of_date - set_payrolls.payroll_next_date + set_payrolls.payroll_interval_days - 1)
                    // set_payrolls.payroll_interval_days * set_payrolls.payroll_interval_days as integer
                )
            else set_payrolls.payroll_next_date
        end as next_payroll_date,
        case when set_payrolls.business_id is null then inferred.interval_days else set_payrolls.payroll_interval_days end
            as payroll_interval_days,
        case
            when set_payrolls.business_id is not null then 'set'
            when inferred.amount is not null then 'seen'
        end as payroll_source,
        {{ money('coalesce(set_payrolls.payroll_amount, rhythms.amount)') }} as last_payroll_amount,
        rhythms.last_date as last_payroll_date,
        {{ money('set_aside.amount') }} as set_aside_amount
    from calendar
    left join set_payrolls on calendar.business_id = set_payrolls.business_id
    left join inferred on calendar.business_id = inferred.business_id
    left join rhythms on calendar.business_id = rhythms.business_id
    left join set_aside on calendar.business_id = set_aside.business_id
),

judged as (
    select
        planned.*,
        planned.payroll_amount is not null and coalesce(planned.next_payroll_date >= planned.as_of_date, false) as is_payroll_dated
    from planned
)

select
    judged.business_id,
    judged.payroll_amount,
    judged.next_payroll_date,
    judged.payroll_interval_days,
    judged.payroll_source,
    judged.last_payroll_amount,
    judged.last_payroll_date,
    judged.set_aside_amount,
    judged.is_payroll_dated,
    judged.is_payroll_dated or judged.set_aside_amount is not null as is_payroll_known
from judged
