{{ config(materialized='table') }}

with assigned as (
    select * from {{ ref('int_match_assigned') }}
    where not is_ambiguous
),

candidates as (
    select * from {{ ref('int_match_candidates') }}
),

pairs as (
    select * from {{ ref('match_pairs') }}
)

select
    assigned.business_id,
    assigned.pair,
    assigned.left_event,
    assigned.right_event,
    case
        when candidates.is_confirmed then 'verdict'
        when candidates.is_linked = 1 then 'linked'
        when candidates.same_reference = 1 and candidates.is_exact then 'reference'
        when candidates.is_exact then 'amount'
        else 'tolerance'
    end as rule,
    assigned.score,
    assigned.score - assigned.score_gap as runner_up_score,
    -- What differs in amount, is with another vendor, or was booked on another account than the bank's is never more than a
    -- proposal, unless one of the two names the other.
    case
        when candidates.is_confirmed or candidates.is_linked = 1 then 'auto'
        when pairs.is_of_party and candidates.same_party = 0 and candidates.same_reference = 0 then 'suggest'
        when candidates.other_party = 1 or candidates.unpaired_account = 1 then 'suggest'
        when candidates.is_exact and assigned.score >= pairs.auto_score then 'auto'
        else 'suggest'
    end as tier,
    nullif(concat_ws(
        ',',
        case when candidates.other_party = 1 and candidates.is_linked = 0 and not candidates.is_confirmed then 'other_vendor' end,
        case when candidates.unpaired_account = 1 and not candidates.is_confirmed then 'other_account' end
    ), '') as doubts,
    candidates.decision_id,
    candidates.decided_by,
    candidates.decided_at
from assigned
inner join pairs on assigned.pair = pairs.pair
inner join candidates
    on
        assigned.business_id = candidates.business_id
        and assigned.pair = candidates.pair
        and assigned.left_event = candidates.left_event
        and assigned.right_event = candidates.right_event
