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
),

booked as (
    select
        credits.business_id,
        credits.right_event as bank_event,
        bookings.right_event as document_event
    from assigned as credits
    inner join assigned as bookings
        on
            credits.business_id = bookings.business_id
            and credits.left_event = bookings.left_event
            and credits.pair = 'bank_payout'
            and bookings.pair = 'booking'
),

-- What books a payout is what its credit at the bank is. A second document of the same amount that lies nearer the credit, as one
-- entered when it came late, gives way to it, unless one of the two names the other or a person said that they are one.
given_way as (
    select
        nearer.business_id,
        nearer.pair,
        nearer.left_event as nearer_event,
        booked.document_event as left_event,
        nearer.right_event,
        candidates.score,
        candidates.score - nearer.score as score_gap
    from assigned as nearer
    inner join candidates as nearer_candidates
        on
            nearer.business_id = nearer_candidates.business_id
            and nearer.pair = nearer_candidates.pair
            and nearer.left_event = nearer_candidates.left_event
            and nearer.right_event = nearer_candidates.right_event
    inner join booked
        on
            nearer.business_id = booked.business_id
            and nearer.right_event = booked.bank_event
            and nearer.left_event != booked.document_event
    inner join candidates
        on
            booked.business_id = candidates.business_id
            and nearer.pair = candidates.pair
            and booked.document_event = candidates.left_event
            and booked.bank_event = candidates.right_event
    anti join assigned as elsewhere
        on
            booked.business_id = elsewhere.business_id
            and booked.document_event = elsewhere.left_event
            and elsewhere.pair = 'bank_ledger'
    where
        nearer.pair = 'bank_ledger'
        and candidates.is_exact
        and nearer_candidates.is_linked = 0
        and not nearer_candidates.is_confirmed
),

decided as (
    select
        assigned.business_id,
        assigned.pair,
        coalesce(given_way.left_event, assigned.left_event) as left_event,
        assigned.right_event,
        coalesce(given_way.score, assigned.score) as score,
        coalesce(given_way.score_gap, assigned.score_gap) as score_gap
    from assigned
    left join given_way
        on
            assigned.business_id = given_way.business_id
            and assigned.pair = given_way.pair
            and assigned.left_event = given_way.nearer_event
            and assigned.right_event = given_way.right_event
)

select
    decided.business_id,
    decided.pair,
    decided.left_event,
    decided.right_event,
    case
        when candidates.is_confirmed then 'verdict'
        when candidates.is_linked = 1 then 'linked'
        when candidates.same_reference = 1 and candidates.is_exact then 'reference'
        when candidates.is_exact then 'amount'
        else 'tolerance'
    end as rule,
    decided.score,
    decided.score - decided.score_gap as runner_up_score,
    -- What differs in amount, is with another vendor, or was booked on another account than the bank's is never more than a
    -- proposal, unless one of the two names the other.
    case
        when candidates.is_confirmed or candidates.is_linked = 1 then 'auto'
        when pairs.is_of_party and candidates.same_party = 0 and candidates.same_reference = 0 then 'suggest'
        when candidates.other_party = 1 or candidates.unpaired_account = 1 then 'suggest'
        when candidates.is_exact and decided.score >= pairs.auto_score then 'auto'
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
from decided
inner join pairs on decided.pair = pairs.pair
inner join candidates
    on
        decided.business_id = candidates.business_id
        and decided.pair = candidates.pair
        and decided.left_event = candidates.left_event
        and decided.right_event = candidates.right_event
