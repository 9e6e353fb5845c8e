{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['business_id', 'period', 'period_start_date'],
    on_schema_change='append_new_columns',
    post_hook=['{{ forget_departed_businesses() }}', '{{ forget_older_service_days() }}'],
) }}

{%- set days = service_days() %}
{%- set first_day = days.first_day if days else '9999-01-01' %}
{%- set last_day = days.last_day if days else '0001-01-01' %}
{%- set first_month = days.first_month if days else '9999-01-01' %}

with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

outcomes as (
    select * from {{ ref('stg_control__sync_outcomes') }}
    {% if not days -%}
    where false
    {%- endif %}
),

grants as (
    select * from {{ ref('stg_control__grants') }}
),

published_days as (
    select * from {{ ref('stg_control__published_days') }}
),

periods as (
    select
        'day' as period,
        cast(series.day as date) as period_start_date,
        cast(series.day as date) as period_end_date
    from generate_series(date '{{ first_day }}', date '{{ last_day }}', interval 1 day) as series (day)

    union all

    select
        'month' as period,
        cast(series.day as date) as period_start_date,
        least(last_day(cast(series.day as date)), date '{{ last_day }}') as period_end_date
    from generate_series(date '{{ first_month }}', date '{{ last_day }}', interval 1 month) as series (day)
),

business_periods as (
    select
        calendar.business_id,
        periods.*
    from calendar
    inner join periods on periods.period_end_date >= cast({{ utc('calendar.onboarded_at') }} as date)
),

-- What a connection's first sync reads was changed before anybody watched it.
first_reads as (
    select
        outcomes.business_id,
        outcomes.rail,
        outcomes.connection_id,
        min({{ utc('outcomes.started_at') }}) as first_read_at
    from outcomes
    group by outcomes.business_id, outcomes.rail, outcomes.connection_id
),

publications as (
    select
        (log.snapshot ->> 'published_at') as published_text,
        (log.snapshot ->> 'ready_at') as ready_text,
        unnest(from_json(log.snapshot -> 'businesses', '["VARCHAR"]')) as business_id,
        from_json(log.snapshot -> 'held', '["VARCHAR"]') as held
    from {{ source('audit', 'transaction_log') }} as log
    where
        log.business_id = ':home'
        and log.entity = 'publications'
        and log.action != 'deleted'
        and log.recorded_at >= timestamp '{{ first_month }}'
),

-- A business that several advisors read is published when the last of them has it.
business_publications as (
    select
        publications.business_id,
        cast(publications.published_text as timestamp) as published_at,
        max(cast(coalesce(publications.ready_text, publications.published_text) as timestamp)) as ready_at
    from publications
    where not list_contains(publications.held, publications.business_id)
    group by publications.business_id, cast(publications.published_text as timestamp)
),

changes as (
    select
        log.business_id,
        log.occurred_at,
        log.recorded_at,
        cast(log.observed_at as date) as observed_date,
        log.occurred_at != log.observed_at as has_source_time
    from {{ source('audit', 'transaction_log') }} as log
    inner join first_reads
        on
            log.business_id = first_reads.business_id
            and log.rail = first_reads.rail
            and log.client = first_reads.connection_id
            and log.occurred_at >= first_reads.first_read_at
    where
        log.actor_type = 'rail'
        and log.recorded_at >= timestamp '{{ first_month }}'
        and log.observed_at >= timestamp '{{ first_month }}'
        and log.observed_at < timestamp '{{ last_day }}' + interval 1 day
),

-- The first file made by a cycle that had logged the change, which is before it publishes.
reached as (
    select
        changes.business_id,
        changes.observed_date,
        changes.has_source_time,
        case
            when business_publications.ready_at is not null
                then greatest(0, date_diff('second', changes.occurred_at, business_publications.ready_at))
        end as seconds_to_publish
    from changes
    asof left join business_publications
        on
            changes.business_id = business_publications.business_id
            and changes.recorded_at <= business_publications.published_at
),

freshness as (
    select
        business_periods.business_id,
        business_periods.period,
        business_periods.period_start_date,
        count(*) filter (reached.has_source_time) as changes,
        count(*) filter (not reached.has_source_time) as changes_without_source_time,
        count(*) filter (reached.has_source_time and reached.seconds_to_publish is null) as changes_unpublished,
        count(*) filter (
            reached.has_source_time and reached.seconds_to_publish <= 60 * {{ var('service_minutes_to_publish') }}
        ) as changes_in_time,
        quantile_disc(reached.seconds_to_publish, 0.5) filter (reached.has_source_time) as seconds_p50,
        quantile_disc(reached.seconds_to_publish, 0.95) filter (reached.has_source_time) as seconds_p95
    from business_periods
    inner join reached
        on
            business_periods.business_id = reached.business_id
            and reached.observed_date between business_periods.period_start_date and business_periods.period_end_date
    group by business_periods.business_id, business_periods.period, business_periods.period_start_date
),

-- Of several advisors' files the one that fared worst that day stands for the business.
watched_days as (
    select
        grants.business_id,
        published_days.day,
        published_days.observed_seconds,
        published_days.failed_seconds,
        published_days.probes,
        published_days.failed_probes
    from grants
    inner join published_days
        on
            grants.advisor_id = published_days.advisor_id
            and published_days.day >= cast({{ utc('grants.valid_from') }} as date)
            and published_days.day <= coalesce(cast({{ utc('grants.valid_to') }} as date), published_days.day)
    where published_days.day >= date '{{ first_month }}' and published_days.day <= date '{{ last_day }}'
    qualify row_number() over (
        partition by grants.business_id, published_days.day
        order by
            published_days.failed_seconds desc,
            published_days.failed_probes desc,
            published_days.observed_seconds asc,
            published_days.advisor_id asc
    ) = 1
),

availability as (
    select
        business_periods.business_id,
        business_periods.period,
        business_periods.period_start_date,
        sum(watched_days.observed_seconds) as observed_seconds,
        sum(watched_days.failed_seconds) as failed_seconds,
        sum(watched_days.probes) as probes,
        sum(watched_days.failed_probes) as failed_probes
    from business_periods
    inner join watched_days
        on
            business_periods.business_id = watched_days.business_id
            and watched_days.day between business_periods.period_start_date and business_periods.period_end_date
    group by business_periods.business_id, business_periods.period, business_periods.period_start_date
)

select
    business_periods.business_id,
    business_periods.period,
    business_periods.period_start_date,
    business_periods.period_end_date,
    coalesce(freshness.changes, 0) as changes,
    coalesce(freshness.changes_in_time, 0) as changes_in_time,
    coalesce(freshness.changes_unpublished, 0) as changes_unpublished,
    coalesce(freshness.changes_without_source_time, 0) as changes_without_source_time,
    cast(freshness.changes_in_time / nullif(freshness.changes, 0) as decimal(7, 6)) as freshness_share,
    cast({{ var('service_freshness_share') }} as decimal(7, 6)) as freshness_target,
    freshness.changes_in_time / nullif(freshness.changes, 0) >= {{ var('service_freshness_share') }} as is_freshness_met,
    cast(freshness.seconds_p50 / 60.0 as decimal(18, 1)) as minutes_to_publish_p50,
    cast(freshness.seconds_p95 / 60.0 as decimal(18, 1)) as minutes_to_publish_p95,
    case
        when freshness.changes > 0 then null
        when freshness.changes_without_source_time > 0 then 'no_source_time'
        else 'no_changes'
    end as freshness_null_reason,
    coalesce(cast(availability.probes as bigint), 0) as probes,
    coalesce(cast(availability.failed_probes as bigint), 0) as failed_probes,
    cast(coalesce(availability.observed_seconds, 0) / 60.0 as decimal(18, 1)) as observed_minutes,
    cast(availability.failed_seconds / 60.0 as decimal(18, 1)) as unreadable_minutes,
    cast(1 - availability.failed_seconds / nullif(availability.observed_seconds, 0) as decimal(7, 6)) as availability_share,
    cast({{ var('service_availability_share') }} as decimal(7, 6)) as availability_target,
    cast(availability.observed_seconds * (1 - {{ var('service_availability_share') }}) / 60 as decimal(18, 2)) as error_budget_minutes,
    cast(
        (availability.observed_seconds * (1 - {{ var('service_availability_share') }}) - availability.failed_seconds) / 60 as decimal(18, 2)
    ) as error_budget_left_minutes,
    case when coalesce(availability.observed_seconds, 0) = 0 then 'not_watched' end as availability_null_reason,
    rail_health.rails_used,
    rail_health.degraded_rails,
    {{ utc('rail_health.synced_at') }} as synced_at
from business_periods
inner join rail_health on business_periods.business_id = rail_health.business_id
left join freshness
    on
        business_periods.business_id = freshness.business_id
        and business_periods.period = freshness.period
        and business_periods.period_start_date = freshness.period_start_date
left join availability
    on
        business_periods.business_id = availability.business_id
        and business_periods.period = availability.period
        and business_periods.period_start_date = availability.period_start_date
