with freshness as (
    select * from {{ ref('int_rail_freshness') }}
)

select
    freshness.business_id,
    freshness.rail,
    freshness.entity,
    freshness.connection_id as record_id,
    case when freshness.last_success_at is not null then freshness.sync_age_minutes end as sync_age_minutes,
    cast(
        case freshness.tier
            when 'historical' then {{ hygiene_threshold('H38', 'historical_max_sync_age_minutes') }}
            else {{ hygiene_threshold('H38', 'max_sync_age_minutes') }}
        end as bigint
    ) as max_sync_age_minutes,
    coalesce('last synced ' || strftime({{ utc('freshness.last_success_at') }}, '%Y-%m-%d %H:%M UTC'), 'never synced') as observed,
    cast(null as decimal(18, 2)) as impact_amount
from freshness
where freshness.freshness_state != 'disabled'
