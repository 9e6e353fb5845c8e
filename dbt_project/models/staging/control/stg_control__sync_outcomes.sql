with sync_outcomes as (
    select * from {{ source('raw_control', 'sync_outcomes') }}
),

renamed as (
    select
        sync_outcomes.outcome_id,
        sync_outcomes.business_id,
        sync_outcomes.connection_id,
        sync_outcomes.rail,
        sync_outcomes.sync_id,
        sync_outcomes.strategy,
        sync_outcomes.delivery,
        sync_outcomes.status,
        sync_outcomes.started_at,
        sync_outcomes.finished_at,
        sync_outcomes.rows_new,
        sync_outcomes.rows_seen,
        sync_outcomes.requests,
        sync_outcomes.retries,
        sync_outcomes.throttled,
        sync_outcomes.error_kind,
        sync_outcomes.error,
        sync_outcomes.calls
    from sync_outcomes
)

select * from renamed
