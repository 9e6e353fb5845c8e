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

deposit_lines as (
    select * from {{ ref('stg_qbo__deposit_lines') }}
),

-- What is linked or was said by a person stays as it is.
guessed as (
    select assigned.*
    from assigned
    anti join candidates
        on
            assigned.business_id = candidates.business_id
            and assigned.pair = candidates.pair
            and assigned.left_event = candidates.left_event
            and assigned.right_event = candidates.right_event
            and (candidates.is_linked = 1 or candidates.is_confirmed)
),

credits as (
    select
        assigned.business_id,
        assigned.left_event as payout_event,
        assigned.right_event as bank_event
    from assigned
    where assigned.pair = 'bank_payout'
),

-- Deposits that take what customers paid to the bank.
with_receipts as (
    select distinct
        deposit_lines.business_id,
        concat_ws(':', 'ledger_money', 'deposits', deposit_lines.deposit_id, '') as document_event
    from deposit_lines
    where len(deposit_lines.links) > 0
),

-- Of two documents of a payout's amount the one that takes receipts to the bank books it, and another, entered as a sale, is the second
-- one, whichever lies nearer. It is not one that another payout or transaction of the bank is.
booked_instead as (
    select
        guessed.business_id,
        guessed.pair,
        guessed.left_event,
        guessed.right_event as former_event,
        candidates.right_event as document_event,
        candidates.score,
        candidates.score - guessed.score as score_gap
    from guessed
    inner join candidates
        on
            guessed.business_id = candidates.business_id
            and guessed.pair = candidates.pair
            and guessed.left_event = candidates.left_event
    semi join with_receipts as these
        on
            candidates.business_id = these.business_id
            and candidates.right_event = these.document_event
    anti join with_receipts as those
        on
            guessed.business_id = those.business_id
            and guessed.right_event = those.document_event
    anti join assigned as other_bookings
        on
            candidates.business_id = other_bookings.business_id
            and candidates.right_event = other_bookings.right_event
            and other_bookings.pair = 'booking'
    left join credits
        on
            guessed.business_id = credits.business_id
            and guessed.left_event = credits.payout_event
    left join assigned as moved
        on
            candidates.business_id = moved.business_id
            and candidates.right_event = moved.left_event
            and moved.pair = 'bank_ledger'
    where
        guessed.pair = 'booking'
        and candidates.is_exact
        and coalesce(moved.right_event = credits.bank_event, moved.right_event is null)
    qualify
        row_number() over (
            partition by guessed.business_id, guessed.left_event order by candidates.score desc, candidates.right_event asc
        ) = 1
        and row_number() over (
            partition by candidates.business_id, candidates.right_event order by candidates.score desc, guessed.left_event asc
        ) = 1
),

booked as (
    select
        assigned.business_id,
        credits.bank_event,
        coalesce(booked_instead.document_event, assigned.right_event) as document_event
    from assigned
    inner join credits
        on
            assigned.business_id = credits.business_id
            and assigned.left_event = credits.payout_event
    left join booked_instead
        on
            assigned.business_id = booked_instead.business_id
            and assigned.left_event = booked_instead.left_event
    where assigned.pair = 'booking'
),

-- What books a payout is what its credit at the bank is. A second document of the same amount that lies nearer the credit, as one
-- entered when it came late, gives way to it.
given_way as (
    select
        guessed.business_id,
        guessed.pair,
        guessed.left_event as former_event,
        guessed.right_event,
        booked.document_event,
        candidates.score,
        candidates.score - guessed.score as score_gap
    from guessed
    inner join booked
        on
            guessed.business_id = booked.business_id
            and guessed.right_event = booked.bank_event
            and guessed.left_event != booked.document_event
    inner join candidates
        on
            booked.business_id = candidates.business_id
            and guessed.pair = candidates.pair
            and booked.document_event = candidates.left_event
            and booked.bank_event = candidates.right_event
    anti join assigned as elsewhere
        on
            booked.business_id = elsewhere.business_id
            and booked.document_event = elsewhere.left_event
            and elsewhere.pair = 'bank_ledger'
    where guessed.pair = 'bank_ledger' and candidates.is_exact
),

decided as (
    select
        assigned.business_id,
        assigned.pair,
        coalesce(given_way.document_event, assigned.left_event) as left_event,
        coalesce(booked_instead.document_event, assigned.right_event) as right_event,
        coalesce(given_way.score, booked_instead.score, assigned.score) as score,
        coalesce(given_way.score_gap, booked_instead.score_gap, assigned.score_gap) as score_gap
    from assigned
    left join given_way
        on
            assigned.business_id = given_way.business_id
            and assigned.pair = given_way.pair
            and assigned.left_event = given_way.former_event
            and assigned.right_event = given_way.right_event
    left join booked_instead
        on
            assigned.business_id = booked_instead.business_id
            and assigned.pair = booked_instead.pair
            and assigned.left_event = booked_instead.left_event
            and assigned.right_event = booked_instead.former_event
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
