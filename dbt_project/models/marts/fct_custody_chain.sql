{#- The instant the chain is valued at; on an earlier date, the end of it. -#}
{%- set as_of_at = "timestamp '" ~ var('as_of_date') ~ "' + interval 1 day" if var('as_of_date') else utc('custody.run_at') -%}

with custody as (
    select * from {{ ref('int_bill_custody') }}
),

approvals as (
    select * from {{ ref('int_bill_approvals') }}
),

approved as (
    select
        custody.*,
        {{ as_of_at }} as as_of_at,
        approvals.begun_at,
        approvals.last_word,
        approvals.decision_id,
        approvals.decided_at,
        approvals.advisor_id,
        approvals.reason,
        approvals.is_in_time,
        approvals.decision_event_id,
        approvals.is_approved_by_rail,
        approvals.rail_event_id,
        approvals.rail_approved_at
    from custody
    inner join approvals
        on
            custody.business_id = approvals.business_id
            and custody.custody_id = approvals.custody_id
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
),

ramp_bills as (
    select * from {{ ref('stg_ramp__bills') }}
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
    {{ record_page('judged.rail', "'bills'", 'judged.record_id') }} as source_url,
    judged.rails_used,
    {{ degraded_among('judged.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('judged.synced_at') }} as synced_at
from judged
inner join rail_health on judged.business_id = rail_health.business_id
left join ramp_bills
    on
        judged.business_id = ramp_bills.business_id
        and {{ key_where('judged.record_id', "judged.rail = 'ramp'") }} = ramp_bills.record_id
