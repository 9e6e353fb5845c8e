with events as (
    select * from {{ ref('int_money_events') }}
    where role in ('bank', 'charge')
),

matches as (
    select
        matches.business_id,
        matches.right_event as event_id
    from {{ ref('int_matches') }} as matches
    where matches.tier = 'auto'

    union

    select
        matches.business_id,
        matches.left_event as event_id
    from {{ ref('int_matches') }} as matches
    where matches.tier = 'auto' and matches.pair = 'charge'
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

days as (
    select
        events.business_id,
        events.rail,
        events.account_id,
        events.event_date as posted_date,
        count(*) as transaction_count,
        count(matches.event_id) as matched_count,
        {{ money('sum(events.amount)') }} as total_amount,
        coalesce({{ money('sum(events.amount) filter (matches.event_id is not null)') }}, 0) as matched_amount,
        coalesce({{ money('sum(events.amount) filter (matches.event_id is null)') }}, 0) as unmatched_amount,
        coalesce({{ money('sum(events.amount) filter (matches.event_id is null and events.amount > 0)') }}, 0) as unmatched_in_amount,
        coalesce({{ money('sum(events.amount) filter (matches.event_id is null and events.amount < 0)') }}, 0) as unmatched_out_amount,
        max(events.currency) as currency,
        min(events.synced_at) as synced_at
    from events
    left join matches
        on
            events.business_id = matches.business_id
            and events.event_id = matches.event_id
    group by events.business_id, events.rail, events.account_id, events.event_date
)

select
    days.business_id,
    days.rail,
    days.account_id,
    days.posted_date,
    days.transaction_count,
    days.matched_count,
    days.total_amount,
    cast(days.matched_amount as decimal(18, 2)) as matched_amount,
    cast(days.unmatched_amount as decimal(18, 2)) as unmatched_amount,
    cast(days.unmatched_in_amount as decimal(18, 2)) as unmatched_in_amount,
    cast(days.unmatched_out_amount as decimal(18, 2)) as unmatched_out_amount,
    days.currency,
    days.rail as rails_used,
    {{ degraded_among('days.rail', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('days.synced_at') }} as synced_at
from days
inner join rail_health on days.business_id = rail_health.business_id
