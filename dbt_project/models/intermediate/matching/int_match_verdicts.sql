{{ config(materialized='table') }}

with events as (
    select
        events.business_id,
        events.event_id,
        events.role,
        events.amount,
        concat_ws(':', events.rail, events.entity, events.record_id) as record
    from {{ ref('int_money_events') }} as events
),

-- A person may also say which debit paid a bill of Ramp's; by itself that is found through the transfer alone.
pairs as (
    select
        pairs.pair,
        pairs.left_role,
        pairs.right_role
    from {{ ref('match_pairs') }} as pairs

    union all

    select
        'bank_ramp' as pair,
        'ramp_bill' as left_role,
        'bank' as right_role
),

said as (
    select
        decisions.business_id,
        decisions.kind,
        decisions.decision_no,
        decisions.decision_id,
        -- What was decided at once is one word.
        max(decisions.decision_no) over (
            partition by decisions.business_id, coalesce(decisions.bulk_id, decisions.decision_id)
        ) as word_no,
        decisions.advisor_id,
        decisions.decided_at,
        concat_ws(':', decisions.subject ->> 'left_rail', decisions.subject ->> 'left_entity', decisions.subject ->> 'left_id') as one,
        concat_ws(':', decisions.subject ->> 'right_rail', decisions.subject ->> 'right_entity', decisions.subject ->> 'right_id') as other
    from {{ ref('stg_control__decisions') }} as decisions
    where decisions.is_standing and decisions.kind in ('confirm-match', 'reject-match')
),

-- Whichever of the two was named first.
sided as (
    select
        said.* exclude (one, other),
        said.one as left_record,
        said.other as right_record
    from said

    union all

    select
        said.* exclude (one, other),
        said.other as left_record,
        said.one as right_record
    from said
),

-- Of several verdicts on the same two the newest one.
judged as (
    select
        pairs.pair,
        sided.business_id,
        lefts.event_id as left_event,
        rights.event_id as right_event,
        pairs.left_role,
        pairs.right_role,
        lefts.amount as left_amount,
        rights.amount as right_amount,
        sided.left_record,
        sided.right_record,
        sided.kind,
        sided.decision_no,
        case when rights.role = 'bank' then sided.word_no else sided.decision_no end as word_no,
        sided.decision_id,
        sided.advisor_id,
        sided.decided_at
    from sided
    inner join events as lefts
        on
            sided.business_id = lefts.business_id
            and sided.left_record = lefts.record
    inner join events as rights
        on
            sided.business_id = rights.business_id
            and sided.right_record = rights.record
    inner join pairs
        on
            lefts.role = pairs.left_role
            and rights.role = pairs.right_role
    qualify row_number() over (
        partition by sided.business_id, pairs.pair, lefts.event_id, rights.event_id order by sided.decision_no desc
    ) = 1
),

-- A transfer is two events, of which one is meant.
confirmed as (
    select *
    from judged
    where judged.kind = 'confirm-match'
    qualify row_number() over (
        partition by judged.business_id, judged.pair, judged.left_record, judged.right_record
        order by abs(judged.left_amount - judged.right_amount), judged.left_event, judged.right_event
    ) = 1
),

-- What each side was confirmed with, word by word from the newest on, and what these come to together.
counted as (
    select
        confirmed.*,
        dense_rank() over of_right as right_place,
        sum(confirmed.left_amount) over of_right as right_sum,
        dense_rank() over of_left as left_place,
        sum(confirmed.right_amount) over of_left as left_sum
    from confirmed
    window
        of_right as (
            partition by confirmed.business_id, confirmed.pair, confirmed.left_role, confirmed.right_event order by confirmed.word_no desc
        ),
        of_left as (partition by confirmed.business_id, confirmed.pair, confirmed.left_event order by confirmed.word_no desc)
),

-- How many words count: as many of the newest as come to the other side, where that is money at the bank, else the newest alone.
reached as (
    select
        counted.*,
        counted.right_place > coalesce(
            min(counted.right_place) filter (counted.right_role = 'bank' and counted.right_sum = counted.right_amount) over of_right, 1
        ) as is_superseded_by_right,
        counted.left_place > coalesce(
            min(counted.left_place) filter (counted.right_role = 'bank' and counted.left_sum = counted.left_amount) over of_left, 1
        ) as is_superseded_by_left,
        arg_max(counted.decision_id, counted.decision_no) over of_right as newest_of_right,
        arg_max(counted.decision_id, counted.decision_no) over of_left as newest_of_left
    from counted
    window
        of_right as (partition by counted.business_id, counted.pair, counted.left_role, counted.right_event),
        of_left as (partition by counted.business_id, counted.pair, counted.left_event)
),

standing as (
    select
        reached.*,
        count(*) over (partition by reached.business_id, reached.pair, reached.left_role, reached.right_event) > 1
        or count(*) over (partition by reached.business_id, reached.pair, reached.left_event) > 1 as is_part
    from reached
    where not reached.is_superseded_by_right and not reached.is_superseded_by_left
)

select
    judged.pair,
    judged.business_id,
    judged.left_event,
    judged.right_event,
    judged.left_role,
    judged.kind = 'reject-match' as is_rejected,
    standing.decision_id is not null as is_confirmed,
    -- Several records that are the other side together, and a bill that a debit paid, are no choice of one among others.
    coalesce(standing.is_part, false) or (judged.pair = 'bank_ramp' and judged.left_role = 'ramp_bill') as is_part,
    case
        when reached.is_superseded_by_right then reached.newest_of_right
        when reached.is_superseded_by_left then reached.newest_of_left
    end as superseded_by,
    coalesce(reached.is_superseded_by_right, false) as is_superseded_by_right,
    judged.decision_no,
    judged.decision_id,
    judged.advisor_id,
    judged.decided_at
from judged
left join reached
    on
        judged.business_id = reached.business_id
        and judged.pair = reached.pair
        and judged.left_event = reached.left_event
        and judged.right_event = reached.right_event
left join standing
    on
        judged.business_id = standing.business_id
        and judged.pair = standing.pair
        and judged.left_event = standing.left_event
        and judged.right_event = standing.right_event
-- The leg of a transfer that was not meant was neither confirmed nor rejected.
where judged.kind = 'reject-match' or reached.decision_id is not null
