{{ config(materialized='table') }}

with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

policies as (
    select * from {{ ref('int_policy_versions') }}
    where refused_reason is null
),

logged as (
    select * from {{ ref('stg_business_floors') }}
),

-- What each business had set, as the transaction log tells it; and what it has set now, whether or not the log has that yet.
stated as (
    select
        logged.business_id,
        logged.seq,
        {{ local_day('calendar.time_zone', 'logged.set_at') }} as valid_from,
        logged.min_buffer_days,
        logged.min_cash_amount
    from logged
    inner join calendar on logged.business_id = calendar.business_id

    union all

    select
        calendar.business_id,
        9223372036854775807 as seq,
        {{ local_day('calendar.time_zone', 'coalesce(calendar.settings_changed_at, calendar.onboarded_at)') }} as valid_from,
        calendar.min_buffer_days,
        calendar.min_cash_amount
    from calendar
),

own as (
    select * from stated
    qualify row_number() over (partition by stated.business_id, stated.valid_from order by stated.seq desc) = 1
),

starts as (
    select
        own.business_id,
        own.valid_from
    from own

    union

    select
        calendar.business_id,
        policies.effective_from as valid_from
    from calendar
    cross join policies
),

spans as (
    select
        starts.business_id,
        starts.valid_from,
        lead(starts.valid_from) over (partition by starts.business_id order by starts.valid_from asc) as valid_until
    from starts
),

-- Before the platform knew a business, what it set first.
held as (
    select
        spans.*,
        own.min_buffer_days,
        own.min_cash_amount
    from spans
    inner join own on spans.business_id = own.business_id
    qualify row_number() over (
        partition by spans.business_id, spans.valid_from
        order by
            own.valid_from <= spans.valid_from desc,
            case when own.valid_from <= spans.valid_from then own.valid_from end desc,
            own.valid_from asc
    ) = 1
)

select
    held.business_id,
    held.valid_from,
    held.valid_until,
    policies.policy_version
    || case when held.min_buffer_days is null and held.min_cash_amount is null then '' else '+own' end as policy_version,
    coalesce(held.min_buffer_days, policies.min_buffer_days) as min_buffer_days,
    coalesce(held.min_cash_amount, policies.min_cash_amount) as min_cash_amount,
    policies.max_cash_age_minutes,
    policies.payroll_horizon_days
from held
inner join policies on held.valid_from >= policies.effective_from
qualify row_number() over (partition by held.business_id, held.valid_from order by policies.effective_from desc) = 1
