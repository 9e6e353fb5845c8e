with freshness as (
    select * from {{ ref('int_rail_freshness') }}
)

select
    freshness.business_id,
    freshness.rail,
    freshness.entity,
    freshness.connection_id,
    freshness.tier,
    freshness.freshness_state,
    freshness.sync_age_minutes,
    freshness.data_age_minutes,
    freshness.full_walk_age_minutes,
    freshness.fresh_minutes,
    freshness.aging_minutes,
    freshness.source_count,
    freshness.mirror_count,
    freshness.last_outcome,
    freshness.consecutive_failures,
    freshness.last_error_kind,
    freshness.last_error,
    {{ utc('freshness.last_attempt_at') }} as last_attempt_at,
    {{ utc('freshness.last_success_at') }} as last_success_at,
    {{ utc('freshness.last_full_walk_at') }} as last_full_walk_at,
    {{ utc('freshness.newest_change_at') }} as newest_change_at,
    freshness.rail as rails_used,
    {{ utc('freshness.newest_observed_at') }} as synced_at
from freshness
