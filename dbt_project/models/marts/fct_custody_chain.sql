{#- The instant the chain is valued at; on an earlier date, the end of it. -#}
{%- set as_of_at = "timestamp '" ~ var('as_of_date') ~ "' + interval 1 day" if var('as_of_date') else utc('custody.run_at') -%}

with custody as (
    select
        custody.*,
        {{ as_of_at }} as as_of_at,
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

-- What the transaction log tells of approvals: the advisors' own, and since when the service's bill has been approved.
log_events as (
    select
        log.business_id,
        log.seq,
        log.event_id,
        log.entity,
        log.record_id,
        log.observed_at,
        log.entity = 'decisions' or coalesce((log.snapshot ->> 'approval_status') = 'APPROVED', false) as is_approval
    from {{ source('audit', 'transaction_log') }} as log
    where (log.entity = 'decisions' and log.rail is null) or (log.entity = 'bills' and log.rail = 'ramp')
),

approvals_seen as (
    select
        log_events.business_id,
        log_events.entity,
        log_events.record_id,
        min(log_events.seq) filter (log_events.is_approval) as approved_seq,
        min(log_events.seq) as first_seq,
        arg_min(log_events.event_id, log_events.seq) filter (log_events.is_approval) as event_id,
        arg_min(log_events.observed_at, log_events.seq) filter (log_events.is_approval) as observed_at
    from log_events
    group by log_events.business_id, log_events.entity, log_events.record_id
),

decided as (
    select
        custody.business_id,
        custody.custody_id,
        decisions.decision_id,
        decisions.decision_no,
        decisions.kind,
        decisions.advisor_id,
        decisions.reason,
        decisions.decided_at,
        custody.begun_at is null or decisions.decided_at < custody.begun_at as is_in_time
    from custody
    inner join decisions
        on
            custody.business_id = decisions.business_id
            and decisions.rail = 'qbo'
            and custody.bill_id = decisions.bill_id

    union all

    select
        custody.business_id,
        custody.custody_id,
        decisions.decision_id,
        decisions.decision_no,
        decisions.kind,
        decisions.advisor_id,
        decisions.reason,
        decisions.decided_at,
        custody.begun_at is null or decisions.decided_at < custody.begun_at as is_in_time
    from custody
    inner join decisions
        on
            custody.business_id = decisions.business_id
            and decisions.rail = 'ramp'
            and custody.ramp_bill_id = decisions.bill_id
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
),

approved as (
    select
        custody.*,
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
    left join approvals_seen as of_decision
        on
            custody.business_id = of_decision.business_id
            and of_decision.entity = 'decisions'
            and decided.decision_id = of_decision.record_id
    left join approvals_seen as of_rail
        on
            custody.business_id = of_rail.business_id
            and of_rail.entity = 'bills'
            and custody.ramp_bill_id = of_rail.record_id
),

stages as (
    select
        approved.*,
        case
            when approved.decision_id is not null or approved.is_approved_by_rail then 'done'
            when approved.begun_at is null then 'waiting'
            when approved.begun_at < {{ utc('approved.onboarded_at') }} then 'not_applicable'
            else 'missing'
        end as approve_state,
        case when approved.decision_id is not null then approved.decided_at else approved.rail_approved_at end as approved_at,
        case
            when approved.is_executed then 'done'
            when approved.is_executed_by_rail then 'in_flight'
            when approved.has_execution_rail and approved.bill_payment_id is null then 'waiting'
            else 'not_applicable'
        end as execute_state,
        {{ utc('approved.paid_at') }} as executed_at,
        case
            when not approved.has_bank_rail then 'not_applicable'
            when approved.begun_at is not null and not approved.is_bank_expected and approved.transaction_id is null then 'not_applicable'
            when approved.match_tier = 'auto' then 'done'
            when approved.transaction_id is not null then 'proposed'
            when approved.is_ambiguous then 'ambiguous'
            else 'waiting'
        end as verify_state,
        cast(approved.posted_date as timestamp) as verified_at,
        case when approved.bill_payment_id is not null then 'done' else 'waiting' end as record_state,
        {{ utc('approved.recorded_at') }} as recorded_on
    from approved
    where approved.begun_at is not null or approved.decision_id is not null or approved.is_approved_by_rail
),

-- What is late, by the same limits as the checks; an approved bill is not late before it is due.
late as (
    select
        stages.*,
        stages.begun_at is null
        and coalesce(stages.last_word, 'approve') = 'approve'
        and stages.as_of_date > coalesce(greatest(stages.due_date, cast(stages.approved_at as date)), stages.due_date)
        + {{ var('custody_days_to_pay') }} as is_unpaid_late,
        case
            when stages.execute_state = 'in_flight'
                then {{ bank_days_between('stages.payment_date', 'stages.as_of_date') }} > {{ var('custody_bank_days_in_flight') }}
            else false
        end as is_in_flight_late,
        case
            when stages.verify_state not in ('waiting', 'proposed', 'ambiguous') then false
            when stages.is_executed
                then
                    {{ bank_days_between('cast(stages.executed_at as date)', 'stages.bank_asked_until') }}
                    > {{ hygiene_threshold('H28', 'max_bank_days') }}
            else coalesce(stages.bank_asked_until - stages.record_date > {{ hygiene_threshold('H33', 'max_days') }}, false)
        end as is_unverified_late,
        stages.record_state = 'waiting'
        and stages.is_executed
        and {{ minutes_between('stages.executed_at', 'stages.as_of_at') }} > {{ hygiene_threshold('H27', 'max_minutes') }} as is_unrecorded_late
    from stages
),

judged as (
    select
        late.*,
        case
            when late.record_state = 'done' then 'record'
            when late.verify_state = 'done' then 'verify'
            when late.execute_state = 'done' then 'execute'
            when late.approve_state = 'done' then 'approve'
            else 'none'
        end as stage,
        case
            when (late.is_unpaid_late and late.execute_state = 'waiting') or late.is_in_flight_late then 'execute'
            when late.is_unverified_late and late.verify_state = 'waiting' then 'verify'
            when late.is_unrecorded_late or late.is_unpaid_late then 'record'
        end as stuck_stage,
        late.execute_state in ('done', 'not_applicable')
        and late.verify_state in ('done', 'not_applicable')
        and late.record_state = 'done' as is_complete,
        greatest(late.approved_at, late.executed_at, late.verified_at, late.recorded_on) as reached_at,
        nullif(concat_ws(
            ',',
            case when late.approve_state = 'missing' and late.is_executed_by_rail then 'executed_without_approval' end,
            case when late.approve_state = 'missing' and not late.is_executed_by_rail then 'recorded_without_approval' end,
            case when late.decision_id is not null and not late.is_in_time then 'approved_after_execution' end,
            case when late.begun_at is not null and late.last_word = 'hold' then 'paid_while_held' end,
            case
                when
                    late.is_executed_by_rail and late.record_state = 'done'
                    and (late.execute_state = 'in_flight' or cast(late.recorded_on as date) < late.payment_date)
                    then 'recorded_before_executed'
            end,
            case when late.is_executed_by_rail and late.posted_date < late.payment_date then 'verified_before_executed' end,
            case
                when late.is_unverified_late and late.verify_state = 'waiting' and late.record_state = 'done' then 'recorded_never_verified'
            end,
            case when late.is_unrecorded_late then 'executed_never_recorded' end,
            case when late.is_unverified_late and late.verify_state = 'waiting' and late.is_executed then 'executed_never_verified' end
        ), '') as order_violations,
        concat_ws(
            ',',
            case when late.transaction_id is not null then 'plaid' end,
            'qbo',
            case when late.ramp_bill_id is not null then 'ramp' end
        ) as rails_used
    from late
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
)

select
    judged.business_id,
    judged.custody_id,
    judged.rail,
    judged.record_id as bill_id,
    coalesce(judged.bill_change_id, judged.ramp_change_id) as bill_change_id,
    judged.ramp_bill_id,
    judged.document_number,
    judged.vendor_id,
    judged.vendor_name,
    judged.due_date,
    {{ money('judged.amount') }} as amount,
    judged.currency,
    {{ idempotency_key('judged.business_id', 'judged.rail', 'judged.record_id', 'judged.decision_id') }} as idempotency_key,
    judged.stage,
    judged.stuck_stage,
    case when not judged.is_complete then {{ minutes_between('judged.reached_at', 'judged.as_of_at') }} end as minutes_in_stage,
    judged.is_complete,
    judged.order_violations,
    judged.approve_state,
    judged.approved_at,
    case when judged.decision_id is not null then judged.advisor_id when judged.is_approved_by_rail then 'ramp' end as approved_by,
    case
        when judged.decision_id is not null then coalesce('decision: ' || judged.reason, 'decision')
        when judged.is_approved_by_rail then 'approval of the payment service'
    end as approve_evidence,
    case when judged.decision_id is not null then judged.decision_id when judged.is_approved_by_rail then judged.ramp_bill_id end
        as approve_record_id,
    case
        when judged.decision_id is not null then judged.decision_event_id
        when judged.is_approved_by_rail then judged.rail_event_id
    end as approve_event_id,
    judged.execute_state,
    judged.executed_at,
    judged.payment_date as execution_date,
    case when judged.is_executed_by_rail then 'ramp' end as executed_by,
    nullif(concat_ws(
        ', ',
        lower(judged.payment_method),
        case judged.paid_at_source when 'seen' then 'when it was first seen as paid' when 'sent' then 'the day it was sent' end
    ), '') as execute_evidence,
    case when judged.is_executed_by_rail then judged.ramp_bill_id end as execute_record_id,
    case when judged.is_executed_by_rail then judged.ramp_change_id end as execute_change_id,
    judged.verify_state,
    judged.verified_at,
    case when judged.transaction_id is not null then 'plaid' end as verified_by,
    judged.match_rule as verify_evidence,
    judged.transaction_id as verify_record_id,
    judged.transaction_change_id as verify_change_id,
    judged.record_state,
    judged.recorded_on as recorded_at,
    judged.record_date,
    case when judged.bill_payment_id is not null then 'qbo' end as recorded_by,
    judged.record_number as record_evidence,
    judged.bill_payment_id as record_record_id,
    judged.record_change_id,
    judged.as_of_date,
    judged.rails_used,
    {{ degraded_among('judged.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('judged.synced_at') }} as synced_at
from judged
inner join rail_health on judged.business_id = rail_health.business_id
