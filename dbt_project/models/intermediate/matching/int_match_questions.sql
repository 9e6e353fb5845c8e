{{ config(materialized='table') }}

with matches as (
    select * from {{ ref('int_matches') }}
),

sides as (
    select * from {{ ref('int_match_sides') }}
),

assigned as (
    select * from {{ ref('int_match_assigned') }}
    where is_ambiguous and pair != 'statement'
),

verdicts as (
    select * from {{ ref('int_match_verdicts') }}
    where superseded_by is not null
),

events as (
    select
        events.*,
        concat_ws(':', events.rail, events.entity, events.record_id) as record
    from {{ ref('int_money_events') }} as events
),

sure as (
    select distinct
        sides.business_id,
        sides.event_id
    from sides
    where sides.is_sure
),

matched as (
    select distinct
        sides.business_id,
        sides.event_id
    from sides
    where sides.is_matched and (sides.side = 'right' or sides.pair not in ('booking', 'bill'))
),

-- What could as well be exchanged is asked of its right record, and of the left one where another pair settles the right one.
exchangeable as (
    select distinct
        assigned.business_id,
        case when matched_rights.event_id is null then assigned.right_event else assigned.left_event end as event_id,
        'exchangeable' as question,
        cast(null as varchar) as match_id,
        cast(null as decimal(18, 2)) as difference_amount,
        'could as well be matched with another record; a person should say which' as words
    from assigned
    left join matched as matched_rights
        on
            assigned.business_id = matched_rights.business_id
            and assigned.right_event = matched_rights.event_id
    left join matched as matched_lefts
        on
            assigned.business_id = matched_lefts.business_id
            and assigned.left_event = matched_lefts.event_id
    where matched_rights.event_id is null or matched_lefts.event_id is null
),

-- What is sure of a match is a part of its sum as much as what is proposed.
counted as (
    select
        matches.*,
        count(*) over (partition by matches.business_id, matches.match_id) as member_count
    from matches
),

-- A proposal likewise, where the other pair is sure.
asked as (
    select
        matches.business_id,
        matches.match_id,
        matches.left_event,
        matches.right_event,
        matches.member_count,
        case
            when sure_rights.event_id is null then matches.right_event
            when sure_lefts.event_id is null then matches.left_event
        end as event_id
    from counted as matches
    left join sure as sure_rights
        on
            matches.business_id = sure_rights.business_id
            and matches.right_event = sure_rights.event_id
    left join sure as sure_lefts
        on
            matches.business_id = sure_lefts.business_id
            and matches.left_event = sure_lefts.event_id
    -- The bills of a run are proposed with its transfer, which is what is asked.
    where matches.tier = 'suggest' and not (matches.pair = 'bank_ramp' and matches.is_part)
),

proposed as (
    select
        asked.business_id,
        asked.event_id,
        'proposed' as question,
        asked.match_id,
        -- One of several parts of a sum is another amount by its nature.
        case
            when any_value(asked.event_id) = any_value(asked.right_event) then any_value(mine.amount) - sum(others.amount)
            when any_value(asked.member_count) = 1 then any_value(mine.amount) - any_value(others.amount)
        end as difference_amount,
        'may be ' || string_agg(
            others.record || ' of ' || {{ shown_amount('others.amount', 'others.currency') }} || ' dated '
            || {{ shown_date('others.event_date') }}, ' and ' order by others.event_date, others.record
        ) || '; a person should say' as words
    from asked
    inner join events as mine
        on
            asked.business_id = mine.business_id
            and asked.event_id = mine.event_id
    inner join events as others
        on
            asked.business_id = others.business_id
            and others.event_id = case when asked.event_id = asked.right_event then asked.left_event else asked.right_event end
    group by asked.business_id, asked.event_id, asked.match_id
),

-- Of contradicting verdicts the newest counts, and the record that they share is where that is told.
contradicted as (
    select
        verdicts.business_id,
        case when verdicts.is_superseded_by_right then verdicts.right_event else verdicts.left_event end as event_id,
        'contradicted' as question,
        cast(null as varchar) as match_id,
        cast(null as decimal(18, 2)) as difference_amount,
        string_agg(
            'decision ' || verdicts.decision_id || ' of ' || verdicts.advisor_id || ' says that it is '
            || case when verdicts.is_superseded_by_right then lefts.record else rights.record end,
            ', ' order by verdicts.decision_no
        ) || ', and the later decision ' || any_value(verdicts.superseded_by) || ' something else, which counts: undo what is wrong' as words
    from verdicts
    inner join events as lefts
        on
            verdicts.business_id = lefts.business_id
            and verdicts.left_event = lefts.event_id
    inner join events as rights
        on
            verdicts.business_id = rights.business_id
            and verdicts.right_event = rights.event_id
    group by all
)

select * from exchangeable
union all
select * from proposed
union all
select * from contradicted
