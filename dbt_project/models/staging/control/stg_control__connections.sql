with connections as (
    select * from {{ source('raw_control', 'connections') }}
),

renamed as (
    select
        connections.business_id,
        connections.connection_id,
        connections.rail,
        connections.state,
        connections.consecutive_failures,
        connections.last_error_kind,
        connections.last_error,
        connections.last_attempt_at,
        connections.last_success_at,
        connections.token_expires_at,
        connections.is_sandbox,
        connections.is_paused,
        connections.removed_at,
        connections.removed_at is not null as is_removed
    from connections
)

select * from renamed
