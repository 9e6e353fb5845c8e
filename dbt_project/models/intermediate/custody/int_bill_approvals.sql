with custody as (
    select
        custody.business_id,
        custody.custody_id,
        custody.bill_id,
        custody.ramp_bill_id,
        custody.approval_status,
        -- When paying began, which is what an approval has to come before.
        coalesce(
            cast(custody.payment_date as timestamp) + interval 1 day,
            {{ utc('custody.recorded_at') }},
            cast(custody.record_date as timestamp) + interval 1 day
        ) as begun_at
    from {{ ref('int_bill_custody') }} as custody
),

decisions as (
    select
        decisions.business_id,
        decisions.decision_id,
        decisions.decision_no,
        decisions.kind,
        decisions.advisor_id,
        decisions.reason,
        decisions.subject ->> 'rail' as rail,
        decisions.subject ->> 'bill' as bill_id,
        {{ utc('decisions.decided_at') }} as decided_at
    from {{ ref('stg_control__decisions') }} as decisions
    where decisions.kind in ('approve', 'hold') and decisions.is_standing
),

logged as (
    select * from {{ ref('stg_logged_approvals') }}
),

-- Either rail's bill can be what a decision is about.
subjects as (
    select
        custody.business_id,
        custody.custody_id,
        custody.begun_at,
        'qbo' as rail,
        custody.bill_id
    from custody

    union all

    select
        custody.business_id,
        custody.custody_id,
        custody.begun_at,
        'ramp' as rail,
        custody.ramp_bill_id as bill_id
    from custody
),

decided as (
    select
        subjects.business_id,
        subjects.custody_id,
        decisions.decision_id,
        decisions.decision_no,
        decisions.kind,
        decisions.advisor_id,
        decisions.reason,
        decisions.decided_at,
        subjects.begun_at is null or decisions.decided_at < subjects.begun_at as is_in_time
    from subjects
    inner join decisions
        on
            subjects.business_id = decisions.business_id
            and subjects.rail = decisions.rail
            and subjects.bill_id = decisions.bill_id
),

-- The last approval in time counts, else the first one after; and what the last word was when paying began.
words as (
    select
        decided.business_id,
        decided.custody_id,
        coalesce(
            max(decided.decision_no) filter (decided.kind = 'approve' and decided.is_in_time),
            min(decided.decision_no) filter (decided.kind = 'approve')
        ) as decision_no,
        arg_max(decided.kind, decided.decision_no) filter (decided.is_in_time) as last_word
    from decided
    group by decided.business_id, decided.custody_id
)

select
    custody.business_id,
    custody.custody_id,
    custody.begun_at,
    words.last_word,
    decided.decision_id,
    decided.decided_at,
    decided.advisor_id,
    decided.reason,
    decided.is_in_time,
    of_decision.event_id as decision_event_id,
    custody.approval_status = 'APPROVED' and decided.decision_id is null as is_approved_by_rail,
    of_rail.event_id as rail_event_id,
    case when of_rail.approved_seq > of_rail.first_seq then of_rail.observed_at end as rail_approved_at
from custody
left join words
    on
        custody.business_id = words.business_id
        and custody.custody_id = words.custody_id
left join decided
    on
        custody.business_id = decided.business_id
        and custody.custody_id = decided.custody_id
        and words.decision_no = decided.decision_no
left join logged as of_decision
    on
        custody.business_id = of_decision.business_id
        and of_decision.entity = 'decisions'
        and decided.decision_id = of_decision.record_id
left join logged as of_rail
    on
        custody.business_id = of_rail.business_id
        and of_rail.entity = 'bills'
        and custody.ramp_bill_id = of_rail.record_id
