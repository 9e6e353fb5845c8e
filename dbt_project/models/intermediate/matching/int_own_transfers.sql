{{ config(materialized='table') }}

{#- What the ledger knows of a bank transaction whatever the bank's category says: both sides of a move between own accounts, or the
    payment of a card. Only what is matched for sure counts, and where either of several equal transfers could be meant, that it is one
    of them. -#}

with matches as (
    select * from {{ ref('int_matches') }}
    where pair = 'bank_ledger' and tier = 'auto'
),

assigned as (
    select * from {{ ref('int_match_assigned') }}
    where pair = 'bank_ledger' and is_ambiguous
),

candidates as (
    select * from {{ ref('int_match_candidates') }}
    where pair = 'bank_ledger'
),

events as (
    select * from {{ ref('int_money_events') }}
    where role in ('ledger_money', 'bank')
),

pairs as (
    select * from {{ ref('match_pairs') }}
    where pair = 'bank_ledger'
),

card_payments as (
    select
        business_id,
        entity,
        record_id,
        sum(original_amount) as amount
    from {{ ref('int_card_payments') }}
    group by business_id, entity, record_id
),

-- Of two equal transfers on a day either could be either's, and both are transfers.
either as (
    select
        assigned.business_id,
        assigned.left_event,
        assigned.right_event
    from assigned
    inner join pairs on assigned.pair = pairs.pair
    inner join candidates
        on
            assigned.business_id = candidates.business_id
            and assigned.right_event = candidates.right_event
            and candidates.score >= assigned.score - pairs.least_gap
    inner join events
        on
            candidates.business_id = events.business_id
            and candidates.left_event = events.event_id
    anti join matches
        on
            assigned.business_id = matches.business_id
            and assigned.right_event = matches.right_event
    where assigned.score >= pairs.auto_score
    group by assigned.business_id, assigned.left_event, assigned.right_event
    having bool_and(events.entity = 'transfers')
),

known as (
    select
        matches.business_id,
        matches.left_event,
        matches.right_event
    from matches

    union all

    select * from either
),

sides as (
    select
        known.business_id,
        lefts.entity,
        lefts.record_id as document_id,
        rights.record_id,
        rights.account_id,
        rights.amount
    from known
    inner join events as lefts
        on
            known.business_id = lefts.business_id
            and known.left_event = lefts.event_id
    inner join events as rights
        on
            known.business_id = rights.business_id
            and known.right_event = rights.event_id
    where
        lefts.entity in ('transfers', 'journal_entries', 'purchases')
        and lefts.account_key = 'bank'
        and rights.account_key = 'bank'
),

moves as (
    select
        sides.business_id,
        sides.entity,
        sides.document_id
    from sides
    where sides.entity != 'purchases'
    group by sides.business_id, sides.entity, sides.document_id
    having count(*) = 2 and sum(sides.amount) = 0 and count(distinct sides.account_id) = 2
),

told as (
    select
        sides.business_id,
        sides.record_id,
        'internal' as movement_kind,
        concat_ws(':', sides.entity, sides.document_id) as move_id
    from sides
    inner join moves
        on
            sides.business_id = moves.business_id
            and sides.entity = moves.entity
            and sides.document_id = moves.document_id

    union all

    -- Interest and fees may be in it; most of it pays the card.
    select
        sides.business_id,
        sides.record_id,
        'card_payment' as movement_kind,
        cast(null as varchar) as move_id
    from sides
    inner join card_payments
        on
            sides.business_id = card_payments.business_id
            and sides.entity = card_payments.entity
            and sides.document_id = card_payments.record_id
    where sides.amount < 0 and 2 * card_payments.amount <= sides.amount
)

select
    told.business_id,
    told.record_id,
    told.movement_kind,
    told.move_id
from told
qualify row_number() over (partition by told.business_id, told.record_id order by told.movement_kind desc) = 1
