with connections as (
    select * from {{ ref('stg_control__connections') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
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
inner join calendar on connections.business_id = calendar.business_id
-- Nobody is asked to mend what was paused on purpose.
where not (calendar.is_paused or connections.is_paused)
