with catalogue as (
    select * from {{ ref('hygiene_catalogue') }}
),

source_checks as (
    select * from {{ ref('source_checks') }}
),

businesses as (
    select * from {{ ref('stg_control__businesses') }}
),

connections as (
    select * from {{ ref('stg_control__connections') }}
),

connected as (
    select
        connections.business_id,
        list(distinct connections.rail) as rails
    from connections
    where connections.is_removed is not true
    group by connections.business_id
)

select
    businesses.business_id,
    catalogue.check_id,
    coalesce(
        len(connected.rails) > 0
        and list_has_all(connected.rails, string_split(coalesce(catalogue.rails_all, connected.rails[1]), '|'))
        and list_has_any(connected.rails, string_split(coalesce(catalogue.rails_any, connected.rails[1]), '|')),
        false
    ) as is_applicable
from businesses
cross join catalogue
left join connected on businesses.business_id = connected.business_id

union all

select
    businesses.business_id,
    source_checks.check_id,
    coalesce(list_contains(connected.rails, source_checks.rail), false) as is_applicable
from businesses
cross join source_checks
left join connected on businesses.business_id = connected.business_id
