with connections as (
    select * from {{ ref('stg_control__connections') }}
)

select
    connections.business_id,
    connections.rail,
    'connections' as entity,
    connections.connection_id as record_id,
    connections.state as connection_state,
    {{ minutes_between(run_instant(), 'connections.token_expires_at') }} as minutes_to_token_end,
    connections.state
    || coalesce(', consent ends ' || strftime({{ utc('connections.token_expires_at') }}, '%Y-%m-%d %H:%M UTC'), '') as observed,
    cast(null as decimal(18, 2)) as impact_amount
from connections
