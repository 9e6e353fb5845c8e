with log_events as (
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
)

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
