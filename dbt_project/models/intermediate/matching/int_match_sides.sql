with matches as (
    select * from {{ ref('int_matches') }}
),

assigned as (
    select * from {{ ref('int_match_assigned') }}
    where is_ambiguous and pair != 'statement'
),

both_events as (
    select
        matches.business_id,
        matches.pair,
        matches.left_event,
        matches.right_event,
        true as is_matched,
        matches.tier = 'auto' as is_sure
    from matches

    union all

    select
        assigned.business_id,
        assigned.pair,
        assigned.left_event,
        assigned.right_event,
        false as is_matched,
        false as is_sure
    from assigned
),

sides as (
    select
        both_events.*,
        both_events.left_event as event_id,
        'left' as side
    from both_events

    union all

    select
        both_events.*,
        both_events.right_event as event_id,
        'right' as side
    from both_events
)

select
    sides.business_id,
    sides.pair,
    sides.event_id,
    sides.side,
    bool_or(sides.is_matched) as is_matched,
    bool_or(sides.is_sure) as is_sure
from sides
group by sides.business_id, sides.pair, sides.event_id, sides.side
