with bills as (
    select * from {{ ref('int_ledger_bills') }}
    where is_open
),

paying_bills as (
    select * from {{ ref('stg_ramp__bills') }}
    where not is_deleted and not is_draft and not is_archived and status is distinct from 'PAID'
),

events as (
    select * from {{ ref('int_money_events') }}
),

assigned as (
    select * from {{ ref('int_match_assigned') }}
    where pair = 'bill'
),

candidates as (
    select * from {{ ref('int_match_candidates') }}
    where pair = 'bill' and is_linked = 0
),

-- The best candidate of which the ledger's bill is left over.
left_over as (
    select
        candidates.business_id,
        candidates.left_event,
        max(candidates.score) as score
    from candidates
    anti join assigned
        on
            candidates.business_id = assigned.business_id
            and candidates.right_event = assigned.right_event
    group by candidates.business_id, candidates.left_event
),

-- What was entered twice on both rails is on both, whichever is which; of two entries in the ledger and one in the service it is not
-- known which is the one.
exchangeable as (
    select
        assigned.business_id,
        lefts.record_id as left_id,
        rights.record_id as right_id
    from assigned
    inner join candidates
        on
            assigned.business_id = candidates.business_id
            and assigned.left_event = candidates.left_event
            and assigned.right_event = candidates.right_event
    inner join events as lefts
        on
            assigned.business_id = lefts.business_id
            and assigned.left_event = lefts.event_id
    inner join events as rights
        on
            assigned.business_id = rights.business_id
            and assigned.right_event = rights.event_id
    left join left_over
        on
            assigned.business_id = left_over.business_id
            and assigned.left_event = left_over.left_event
    where assigned.is_ambiguous and coalesce(assigned.score - left_over.score >= candidates.least_gap, true)
),

-- Where one names the other, or a person said that they are one, they are linked.
found as (
    select
        matches.business_id,
        matches.left_id,
        matches.right_id
    from {{ ref('int_matches') }} as matches
    where matches.pair = 'bill' and matches.rule not in ('linked', 'verdict')

    union all

    select * from exchangeable
),

-- What is paid there already is a matter of H27.
unlinked as (
    select
        found.business_id,
        found.right_id as bill_id,
        paying_bills.record_id,
        paying_bills.total_amount,
        paying_bills.currency,
        paying_bills.document_number
    from found
    inner join paying_bills
        on
            found.business_id = paying_bills.business_id
            and found.left_id = paying_bills.record_id
)

select
    bills.business_id,
    bills.rail,
    'bills' as entity,
    bills.record_id,
    unlinked.record_id as unlinked_bill_id,
    coalesce(bills.vendor_name, 'bill') || ', ' || {{ shown_amount('bills.total_amount', 'bills.currency') }} || ' dated '
    || {{ shown_date('bills.txn_date') }}
    || coalesce(
        ', in the payment service as ' || coalesce(unlinked.document_number, 'a bill') || ' of '
        || {{ shown_amount('cast(unlinked.total_amount as decimal(18, 2))', 'unlinked.currency') }},
        ''
    ) as observed,
    {{ money('case when unlinked.record_id is not null then bills.home_open_amount end') }} as impact_amount
from bills
left join unlinked
    on
        bills.business_id = unlinked.business_id
        and bills.record_id = unlinked.bill_id
