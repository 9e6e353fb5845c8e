with tie_out as (
    select * from {{ ref('int_aging_tie_out') }}
    -- Of a report that is none to go by there is nothing to compare a party with.
    where report_state = 'comparable'
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
)

select
    tie_out.business_id,
    tie_out.rail,
    tie_out.side,
    tie_out.party_id,
    tie_out.party_name,
    tie_out.report_date,
    {{ utc('tie_out.reported_at') }} as reported_at,
    tie_out.ledger_amount,
    tie_out.mirror_amount,
    tie_out.difference_amount,
    tie_out.misaged_amount,
    tie_out.currency,
    tie_out.status,
    tie_out.rail as rails_used,
    {{ degraded_among('tie_out.rail', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('tie_out.synced_at') }} as synced_at
from tie_out
inner join rail_health on tie_out.business_id = rail_health.business_id
