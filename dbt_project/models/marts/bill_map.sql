with matches as (
    select * from {{ ref('fct_match') }}
    where pair = 'bill'
)

select
    matches.business_id,
    matches.right_id as qbo_bill_id,
    matches.left_id as ramp_bill_id,
    matches.rule as method,
    matches.score,
    matches.runner_up_score,
    matches.tier,
    matches.rails_used,
    matches.degraded_rails,
    matches.synced_at
from matches
