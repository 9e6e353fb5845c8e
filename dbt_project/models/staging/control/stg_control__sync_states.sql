with sync_states as (
    select * from {{ source('raw_control', 'sync_states') }}
),

renamed as (
    select
        sync_states.business_id,
        sync_states.connection_id,
        sync_states.rail,
        sync_states.entity,
        sync_states.last_attempt_at,
        sync_states.last_success_at,
        sync_states.last_full_walk_at,
        sync_states.source_count,
        sync_states.last_outcome,
        sync_states.consecutive_failures,
        sync_states.last_error_kind,
        sync_states.last_error,
        sync_states.source_read_at
    from sync_states
)

select * from renamed
