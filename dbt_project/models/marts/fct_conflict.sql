with conflicts as (
    select * from {{ ref('int_conflicts') }}
),

history as (
    select * from {{ ref('int_conflict_history') }}
),

precedence as (
    select * from {{ ref('conflict_precedence') }}
),

freshness as (
    select * from {{ ref('int_rail_freshness') }}
),

decisions as (
    select * from {{ ref('stg_control__decisions') }}
    where kind = 'settle' and is_standing
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

sides as (
    select
        conflicts.business_id,
        conflicts.conflict_id,
        conflicts.pair,
        conflicts.field,
        conflicts.currency,
        conflicts.synced_at,
        precedence.rail as winner_rail,
        {
            'rail': conflicts.left_rail,
            'entity': conflicts.left_entity,
            'record_id': conflicts.left_id,
            'connection_id': conflicts.left_connection_id,
            'value': conflicts.left_said.value,
            'amount': conflicts.left_said.amount,
            'since_at': history.left_since_at
        } as one,
        {
            'rail': conflicts.right_rail,
            'entity': conflicts.right_entity,
            'record_id': conflicts.right_id,
            'connection_id': conflicts.right_connection_id,
            'value': conflicts.right_said.value,
            'amount': conflicts.right_said.amount,
            'since_at': history.right_since_at
        } as other,
        history.first_seen_at,
        history.last_seen_at
    from conflicts
    inner join precedence on conflicts.field = precedence.field
    inner join history
        on
            conflicts.business_id = history.business_id
            and conflicts.conflict_id = history.conflict_id
),

ranked as (
    select
        sides.* exclude (winner_rail, one, other),
        if(sides.one.rail = sides.winner_rail, sides.one, sides.other) as winner,
        if(sides.one.rail = sides.winner_rail, sides.other, sides.one) as loser
    from sides
),

-- A word on two values ends with them: when a rail says something else afterwards, that is another disagreement.
settled as (
    select
        ranked.business_id,
        ranked.conflict_id,
        decisions.decision_id,
        decisions.advisor_id as decided_by,
        decisions.decided_at,
        decisions.subject ->> 'rail' as rail,
        decisions.subject ->> 'value' as value
    from ranked
    inner join decisions
        on
            ranked.business_id = decisions.business_id
            and ranked.conflict_id = (decisions.subject ->> 'conflict')
            and decisions.decided_at >= greatest(ranked.winner.since_at, ranked.loser.since_at)
    -- The receiver stores without looking; what names neither rail, or is no amount where one is needed, has no effect.
    where
        (decisions.subject ->> 'rail') in (ranked.winner.rail, ranked.loser.rail)
        or (
            (decisions.subject ->> 'value') is not null
            and (ranked.winner.amount is null or try_cast((decisions.subject ->> 'value') as decimal(18, 2)) is not null)
        )
    qualify row_number() over (partition by ranked.business_id, ranked.conflict_id order by decisions.decision_no desc) = 1
),

-- A rail as a whole speaks through all its connections, a record through its own.
stale as (
    select
        ranked.business_id,
        ranked.conflict_id,
        bool_or(coalesce(freshness.sync_age_minutes > freshness.aging_minutes, true)) as is_stale
    from ranked
    inner join freshness
        on
            ranked.business_id = freshness.business_id
            and ranked.winner.rail = freshness.rail
            and ranked.winner.entity = freshness.entity
            and (ranked.winner.connection_id is null or ranked.winner.connection_id = freshness.connection_id)
    group by ranked.business_id, ranked.conflict_id
),

told as (
    select
        ranked.*,
        settled.decision_id,
        settled.decided_by,
        settled.decided_at,
        case
            when settled.decision_id is null then ranked.winner.value
            when settled.rail = ranked.winner.rail then ranked.winner.value
            when settled.rail = ranked.loser.rail then ranked.loser.value
            else settled.value
        end as value,
        case
            when settled.decision_id is null then ranked.winner.amount
            when settled.rail = ranked.winner.rail then ranked.winner.amount
            when settled.rail = ranked.loser.rail then ranked.loser.amount
            when ranked.winner.amount is not null then try_cast(settled.value as decimal(18, 2))
        end as amount,
        coalesce(settled.rail, case when settled.decision_id is null then ranked.winner.rail end) as value_rail,
        case
            when settled.decision_id is not null then 'decided'
            when stale.is_stale and ranked.loser.since_at > ranked.winner.since_at then 'contested'
            else 'settled_by_precedence'
        end as state,
        array_to_string(list_sort([ranked.winner.rail, ranked.loser.rail]), ',') as rails_used
    from ranked
    left join settled
        on
            ranked.business_id = settled.business_id
            and ranked.conflict_id = settled.conflict_id
    left join stale
        on
            ranked.business_id = stale.business_id
            and ranked.conflict_id = stale.conflict_id
)

select
    told.business_id,
    told.conflict_id,
    told.pair,
    told.field,
    told.state,
    told.value,
    told.amount,
    told.value_rail,
    told.winner.rail as winner_rail,
    told.winner.entity as winner_entity,
    told.winner.record_id as winner_id,
    told.winner.value as winner_value,
    told.winner.amount as winner_amount,
    told.loser.rail as loser_rail,
    told.loser.entity as loser_entity,
    told.loser.record_id as loser_id,
    told.loser.value as loser_value,
    told.loser.amount as loser_amount,
    told.currency,
    -- The ledger is a side of nearly every pair, and the other rails give their records no page of their own.
    coalesce(
        {{ record_url('told.winner.rail', 'told.winner.entity', 'told.winner.record_id') }},
        {{ record_url('told.loser.rail', 'told.loser.entity', 'told.loser.record_id') }}
    ) as source_url,
    told.decided_by,
    told.decision_id,
    {{ utc('told.decided_at') }} as decided_at,
    {{ utc('told.winner.since_at') }} as winner_since_at,
    {{ utc('told.loser.since_at') }} as loser_since_at,
    {{ utc('told.first_seen_at') }} as first_seen_at,
    {{ utc('told.last_seen_at') }} as last_seen_at,
    told.rails_used,
    {{ degraded_among('told.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('told.synced_at') }} as synced_at
from told
inner join rail_health on told.business_id = rail_health.business_id
