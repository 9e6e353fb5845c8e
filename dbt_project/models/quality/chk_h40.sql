with freshness as (
    select * from {{ ref('int_rail_freshness') }}
),

quarantined_pages as (
    select * from {{ ref('stg_control__quarantined_pages') }}
),

open_pages as (
    select
        quarantined_pages.business_id,
        quarantined_pages.connection_id,
        quarantined_pages.rail,
        coalesce(quarantined_pages.entity, 'unknown') as entity,
        count(*) as page_count
    from quarantined_pages
    where quarantined_pages.resolved_at is null
    group by all
),

-- Whoever pauses a connection goes on with what there is, and its business says so (`disabled`); nothing more will be read.
paused as (
    select distinct
        freshness.business_id,
        freshness.connection_id,
        freshness.rail
    from freshness
    where freshness.freshness_state = 'disabled'
),

-- A page of the change feed belongs to no single entity, so pages come on their own side of the join.
joined as (
    select
        coalesce(freshness.business_id, open_pages.business_id) as business_id,
        coalesce(freshness.connection_id, open_pages.connection_id) as connection_id,
        coalesce(freshness.rail, open_pages.rail) as rail,
        coalesce(freshness.entity, open_pages.entity) as entity,
        freshness.last_outcome,
        freshness.source_count,
        freshness.mirror_count,
        freshness.deleted_since_walk,
        freshness.newest_observed_at,
        freshness.last_full_walk_at,
        coalesce(open_pages.page_count, 0) as quarantined_pages
    from freshness
    full outer join open_pages
        on
            freshness.business_id = open_pages.business_id
            and freshness.connection_id = open_pages.connection_id
            and freshness.rail = open_pages.rail
            and freshness.entity = open_pages.entity
)

-- The vendor's count is of the last full walk; once anything arrived since, only a large fall can still be told from change. What the
-- vendor has told of as deleted since is no part of that fall: one of two vendor credits that was deleted would hold back the business.
select
    joined.business_id,
    joined.rail,
    joined.entity,
    joined.connection_id as record_id,
    joined.last_outcome,
    joined.quarantined_pages,
    case
        when joined.newest_observed_at is null or joined.newest_observed_at <= joined.last_full_walk_at
            then abs(joined.source_count - joined.mirror_count)
    end as unexplained_records,
    joined.mirror_count + joined.deleted_since_walk < joined.source_count * (1 - {{ hygiene_threshold('H40', 'max_fall_share') }}) as has_fallen,
    concat_ws(
        ', ',
        'last sync ' || joined.last_outcome,
        case when joined.quarantined_pages > 0 then joined.quarantined_pages || ' pages kept aside' end,
        joined.mirror_count || ' of ' || joined.source_count || ' records',
        case when joined.deleted_since_walk > 0 then joined.deleted_since_walk || ' deleted since' end
    ) as observed,
    cast(null as decimal(18, 2)) as impact_amount
from joined
anti join paused
    on
        joined.business_id = paused.business_id
        and joined.connection_id = paused.connection_id
        and joined.rail = paused.rail
