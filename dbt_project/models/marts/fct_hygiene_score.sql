with runs as (
    select * from {{ source('quality', 'expectation_runs') }}
),

catalogue as (
    select * from {{ ref('hygiene_catalogue') }}
),

dimensions as (
    select * from {{ ref('hygiene_dimensions') }}
),

grades as (
    select * from {{ ref('hygiene_grades') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

-- Records that several checks of a dimension concern count once per check, each weighted by how serious the check is.
by_dimension as (
    select
        runs.business_id,
        catalogue.dimension,
        100 * (1 - sum(catalogue.weight * runs.records_failed) / sum(catalogue.weight * runs.records_checked)) as score
    from runs
    inner join catalogue on runs.check_id = catalogue.check_id
    where runs.status in ('passed', 'failed') and runs.records_checked > 0
    group by runs.business_id, catalogue.dimension
),

scored as (
    select
        by_dimension.business_id,
        cast(round(sum(dimensions.score_weight * by_dimension.score) / sum(dimensions.score_weight), 1) as decimal(5, 1)) as hygiene_score,
        cast(round(max(by_dimension.score) filter (by_dimension.dimension = 'completeness'), 1) as decimal(5, 1)) as completeness_score,
        cast(round(max(by_dimension.score) filter (by_dimension.dimension = 'accuracy'), 1) as decimal(5, 1)) as accuracy_score,
        cast(round(max(by_dimension.score) filter (by_dimension.dimension = 'consistency'), 1) as decimal(5, 1)) as consistency_score,
        cast(round(max(by_dimension.score) filter (by_dimension.dimension = 'timeliness'), 1) as decimal(5, 1)) as timeliness_score,
        cast(round(max(by_dimension.score) filter (by_dimension.dimension = 'validity'), 1) as decimal(5, 1)) as validity_score
    from by_dimension
    inner join dimensions on by_dimension.dimension = dimensions.dimension
    group by by_dimension.business_id
),

counted as (
    select
        runs.business_id,
        count(*) filter (runs.status = 'passed') as checks_passed,
        count(*) filter (runs.status = 'failed') as checks_failed,
        count(*) filter (runs.status = 'error') as checks_errored,
        count(*) filter (runs.status = 'not_applicable') as checks_not_applicable,
        {{ share_passed(['H12']) }} as categorised_share,
        {{ share_passed(['H18']) }} as mapped_share,
        {{ share_passed(['H25', 'H26']) }} as closed_share,
        max(runs.records_checked) filter ({{ answers(['H41']) }}) as ledger_totals_compared,
        max(runs.records_checked - runs.records_failed) filter ({{ answers(['H41']) }}) as ledger_totals_tied,
        max(runs.ran_at) as checked_at
    from runs
    group by runs.business_id
),

graded as (
    select
        scored.business_id,
        arg_max(grades.grade, grades.from_score) as hygiene_grade
    from scored
    inner join grades on scored.hygiene_score >= grades.from_score
    group by scored.business_id
)

select
    calendar.business_id,
    calendar.as_of_date,
    scored.hygiene_score,
    graded.hygiene_grade,
    scored.completeness_score,
    scored.accuracy_score,
    scored.consistency_score,
    scored.timeliness_score,
    scored.validity_score,
    coalesce(counted.checks_passed, 0) as checks_passed,
    coalesce(counted.checks_failed, 0) as checks_failed,
    coalesce(counted.checks_errored, 0) as checks_errored,
    coalesce(counted.checks_not_applicable, 0) as checks_not_applicable,
    counted.categorised_share,
    counted.mapped_share,
    counted.closed_share,
    counted.ledger_totals_compared,
    counted.ledger_totals_tied,
    nullif(
        concat_ws(
            '; ',
            case when counted.categorised_share is null then 'categorised: no bill or expense was checked' end,
            case when counted.mapped_share is null then 'mapped: no vendor of a rail beside the ledger was checked' end,
            case when counted.closed_share is null then 'closed: no transaction of a bank was checked' end,
            case when counted.ledger_totals_compared is null then 'tie-out: no total of the ledger was checked' end
        ),
        ''
    ) as shares_null_reason,
    {{ utc('counted.checked_at') }} as checked_at,
    rail_health.rails_used,
    rail_health.degraded_rails,
    {{ utc('rail_health.synced_at') }} as synced_at
from calendar
inner join rail_health on calendar.business_id = rail_health.business_id
left join scored on calendar.business_id = scored.business_id
left join counted on calendar.business_id = counted.business_id
left join graded on calendar.business_id = graded.business_id
