{{ config(materialized='table') }}

with assigned as (
    select * from {{ ref('int_match_assigned') }}
    where not is_ambiguous
),

candidates as (
    select * from {{ ref('int_match_candidates') }}
),

events as (
    select * from {{ ref('int_money_events') }}
),

pairs as (
    select * from {{ ref('match_pairs') }}
),

ramp_bills as (
    select * from {{ ref('stg_ramp__bills') }}
),

settlements as (
    select * from {{ ref('stg_qbo__bill_payment_lines') }}
),

direct as (
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
        -- A difference in amount is never more than a proposal unless one of the two names the other.
        case
            when candidates.is_confirmed or candidates.is_linked = 1 then 'auto'
            when pairs.is_of_party and candidates.same_party = 0 and candidates.same_reference = 0 then 'suggest'
            when candidates.is_exact and assigned.score >= pairs.auto_score then 'auto'
            else 'suggest'
        end as tier,
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
),

-- Which bills a debit of Ramp's paid: all of the transfer's day, all but one that was drawn apart, or that one.
paid_bills as (
    select
        ramp_bills.business_id,
        ramp_bills.record_id,
        ramp_bills.payment_date,
        coalesce(ramp_bills.payment_amount, ramp_bills.total_amount) as amount,
        sum(coalesce(ramp_bills.payment_amount, ramp_bills.total_amount)) over (
            partition by ramp_bills.business_id, ramp_bills.payment_date
        ) as day_amount
    from ramp_bills
    where
        not ramp_bills.is_deleted
        and ramp_bills.payment_effective_date is not null
        and ramp_bills.payment_method in ('ACH', 'CHECK', 'DOMESTIC_WIRE', 'INTERNATIONAL')
),

drawn as (
    select
        direct.business_id,
        direct.right_event,
        direct.score,
        events.event_id as transfer_event,
        events.event_date,
        -events.amount as amount
    from direct
    inner join events
        on
            direct.business_id = events.business_id
            and direct.left_event = events.event_id
    where direct.pair = 'bank_ramp' and events.entity = 'transfers'
),

-- A solution is counted by the bill that is paid alone or drawn apart; only a single one is taken.
tried as (
    select
        drawn.business_id,
        drawn.transfer_event,
        paid_bills.record_id,
        case
            when paid_bills.day_amount = drawn.amount then 'all'
            when paid_bills.amount = drawn.amount then 'one'
            when paid_bills.day_amount - paid_bills.amount = drawn.amount then 'others'
        end as solution
    from drawn
    inner join paid_bills
        on
            drawn.business_id = paid_bills.business_id
            and drawn.event_date = paid_bills.payment_date
),

solutions as (
    select
        tried.business_id,
        tried.transfer_event,
        any_value(tried.solution) as solution,
        any_value(tried.record_id) as bill_id
    from tried
    where tried.solution is not null
    group by tried.business_id, tried.transfer_event
    having count(distinct tried.solution) = 1 and (any_value(tried.solution) = 'all' or count(*) = 1)
),

run_bills as (
    select
        drawn.business_id,
        drawn.right_event,
        drawn.score,
        paid_bills.record_id,
        paid_bills.payment_date,
        concat_ws(':', 'ramp_bill', 'bills', paid_bills.record_id, '') as bill_event
    from drawn
    inner join solutions
        on
            drawn.business_id = solutions.business_id
            and drawn.transfer_event = solutions.transfer_event
    inner join paid_bills
        on
            drawn.business_id = paid_bills.business_id
            and drawn.event_date = paid_bills.payment_date
            and (
                solutions.solution = 'all'
                or (solutions.solution = 'one' and paid_bills.record_id = solutions.bill_id)
                or (solutions.solution = 'others' and paid_bills.record_id != solutions.bill_id)
            )
),

-- The ledger's payments of those bills, dated the day on which they were sent.
run_payments as (
    select distinct
        run_bills.business_id,
        run_bills.right_event,
        run_bills.score,
        concat_ws(':', 'ledger_money', 'bill_payments', settlements.bill_payment_id, '') as payment_event
    from run_bills
    inner join direct
        on
            run_bills.business_id = direct.business_id
            and run_bills.bill_event = direct.left_event
            and direct.pair = 'bill'
    inner join events
        on
            direct.business_id = events.business_id
            and direct.right_event = events.event_id
    inner join settlements
        on
            events.business_id = settlements.business_id
            and events.record_id = settlements.linked_txn_id
            and settlements.linked_txn_type = 'Bill'
            and settlements.txn_date = run_bills.payment_date
            and not settlements.is_deleted
            and not settlements.is_voided
),

bundled as (
    select
        run_payments.business_id,
        'bank_ledger' as pair,
        run_payments.payment_event as left_event,
        run_payments.right_event,
        run_payments.score
    from run_payments

    union all

    select
        run_bills.business_id,
        'bank_ramp' as pair,
        run_bills.bill_event as left_event,
        run_bills.right_event,
        run_bills.score
    from run_bills
),

-- What a bundle says of a bank transaction or a payment goes before what the amounts alone said.
kept as (
    select direct.*
    from direct
    anti join bundled
        on
            direct.business_id = bundled.business_id
            and direct.pair = 'bank_ledger'
            and bundled.pair = 'bank_ledger'
            and (direct.right_event = bundled.right_event or direct.left_event = bundled.left_event)
),

taken as (
    select
        kept.business_id,
        unnest([kept.left_event, kept.right_event]) as event_id
    from kept
    where kept.pair in ('bank_ledger', 'bank_payout')

    union all

    select
        bundled.business_id,
        unnest([bundled.left_event, bundled.right_event]) as event_id
    from bundled
    where bundled.pair = 'bank_ledger'
),

-- What neither the ledger's documents nor a payout of Stripe's stand for yet.
free as (
    select events.*
    from events
    anti join taken
        on
            events.business_id = taken.business_id
            and events.event_id = taken.event_id
),

day_runs as (
    {{ day_runs('free') }}
),

all_matches as (
    select * from kept

    union all by name

    select
        bundled.*,
        'bundle' as rule,
        cast(null as double) as runner_up_score,
        'auto' as tier
    from bundled

    union all by name

    select
        day_runs.business_id,
        day_runs.left_event,
        day_runs.right_event,
        pairs.pair,
        pairs.auto_score as score,
        'bundle' as rule,
        cast(null as double) as runner_up_score,
        case when day_runs.is_whole then 'auto' else 'suggest' end as tier
    from day_runs
    inner join pairs on pairs.pair = 'bank_ledger'
)

select
    all_matches.business_id,
    all_matches.pair,
    -- Members of one debit share the match.
    md5(concat_ws('|', all_matches.business_id, all_matches.pair, all_matches.right_event)) as match_id,
    lefts.rail as left_rail,
    lefts.entity as left_entity,
    lefts.record_id as left_id,
    rights.rail as right_rail,
    rights.entity as right_entity,
    rights.record_id as right_id,
    all_matches.left_event,
    all_matches.right_event,
    {{ money('abs(lefts.amount)') }} as amount,
    lefts.currency,
    rights.event_date - lefts.event_date as lag_days,
    all_matches.rule,
    cast(all_matches.score as decimal(9, 4)) as score,
    cast(all_matches.runner_up_score as decimal(9, 4)) as runner_up_score,
    all_matches.tier,
    all_matches.decision_id,
    all_matches.decided_by,
    all_matches.decided_at,
    least(lefts.synced_at, rights.synced_at) as synced_at
from all_matches
inner join events as lefts
    on
        all_matches.business_id = lefts.business_id
        and all_matches.left_event = lefts.event_id
inner join events as rights
    on
        all_matches.business_id = rights.business_id
        and all_matches.right_event = rights.event_id
