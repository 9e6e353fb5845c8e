with matches as (
    select * from {{ ref('int_matches') }}
    where pair = 'bill'
),

assigned as (
    select * from {{ ref('int_match_assigned') }}
    where pair = 'bill'
),

candidates as (
    select * from {{ ref('int_match_candidates') }}
    where pair = 'bill'
),

events as (
    select * from {{ ref('int_money_events') }}
),

paying_bills as (
    select * from {{ ref('stg_ramp__bills') }}
),

settlements as (
    select * from {{ ref('int_bill_settlements') }}
),

-- The ledger's bills that nothing tells apart are a group.
grouped as (
    select
        assigned.business_id,
        assigned.left_event,
        assigned.right_event,
        assigned.score,
        assigned.is_ambiguous,
        rights.record_id as bill_id,
        min(assigned.right_event) over (
            partition by
                assigned.business_id,
                rights.party_key,
                rights.text,
                rights.reference,
                rights.amount,
                rights.currency,
                rights.event_date
        ) as group_event
    from assigned
    inner join events as rights
        on
            assigned.business_id = rights.business_id
            and assigned.right_event = rights.event_id
),

-- Groups of which one bill may as well be one of another group, or one that is left over.
mixed as (
    select
        candidates.business_id,
        unnest([lefts.group_event, rights.group_event]) as group_event
    from candidates
    left join grouped as lefts
        on
            candidates.business_id = lefts.business_id
            and candidates.left_event = lefts.left_event
    left join grouped as rights
        on
            candidates.business_id = rights.business_id
            and candidates.right_event = rights.right_event
    where
        lefts.group_event is distinct from rights.group_event
        and candidates.score > least(lefts.score, rights.score) - candidates.least_gap
),

first_paid as (
    select
        settlements.business_id,
        settlements.bill_id,
        min(settlements.txn_date) as paid_date
    from settlements
    group by settlements.business_id, settlements.bill_id
),

-- What was entered twice on both rails is on both, and the one paid first on the one rail was paid first on the other.
placed as (
    select
        grouped.business_id,
        grouped.group_event,
        grouped.bill_id,
        paying_bills.record_id as ramp_bill_id,
        row_number() over (
            partition by grouped.business_id, grouped.group_event
            order by {{ sent_date('paying_bills') }} asc nulls last, paying_bills.record_id asc
        ) as sent_place,
        row_number() over (
            partition by grouped.business_id, grouped.group_event
            order by first_paid.paid_date asc nulls last, grouped.bill_id asc
        ) as paid_place
    from grouped
    inner join events as lefts
        on
            grouped.business_id = lefts.business_id
            and grouped.left_event = lefts.event_id
    inner join paying_bills
        on
            lefts.business_id = paying_bills.business_id
            and lefts.record_id = paying_bills.record_id
    left join first_paid
        on
            grouped.business_id = first_paid.business_id
            and grouped.bill_id = first_paid.bill_id
    anti join mixed
        on
            grouped.business_id = mixed.business_id
            and grouped.group_event = mixed.group_event
    where grouped.is_ambiguous
)

-- A proposal of the same number and amount is enough to look for the other half of a payment; `link_tier` says that it is one.
select
    matches.business_id,
    matches.left_id as ramp_bill_id,
    matches.right_id as bill_id,
    matches.tier as link_tier
from matches
where matches.rule != 'tolerance'

union all

select
    sent.business_id,
    sent.ramp_bill_id,
    paid.bill_id,
    'suggest' as link_tier
from placed as sent
inner join placed as paid
    on
        sent.business_id = paid.business_id
        and sent.group_event = paid.group_event
        and sent.sent_place = paid.paid_place
