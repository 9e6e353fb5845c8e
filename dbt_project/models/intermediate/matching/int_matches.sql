{{ config(materialized='table') }}

with direct as (
    select * from {{ ref('int_match_direct') }}
),

runs as (
    select * from {{ ref('int_match_runs') }}
),

verdicts as (
    select * from {{ ref('int_match_verdicts') }}
),

events as (
    select * from {{ ref('int_money_events') }}
),

pairs as (
    select * from {{ ref('match_pairs') }}
),

-- What a run says of a bank transaction or a payment goes before what the amounts alone said; where a person said what the two
-- are, the run does not hold it.
kept as (
    select direct.*
    from direct
    anti join runs as run_debits
        on
            direct.business_id = run_debits.business_id
            and direct.right_event = run_debits.right_event
            and direct.pair = run_debits.pair
            and run_debits.pair = 'bank_ledger'
    anti join runs as run_payments
        on
            direct.business_id = run_payments.business_id
            and direct.left_event = run_payments.left_event
            and direct.pair = run_payments.pair
            and run_payments.pair = 'bank_ledger'
),

-- What a person said to be the other side together, and the bills of which they said that a debit paid them.
parts as (
    select
        verdicts.business_id,
        verdicts.pair,
        verdicts.left_event,
        verdicts.right_event,
        verdicts.decision_id,
        verdicts.advisor_id as decided_by,
        verdicts.decided_at
    from verdicts
    where verdicts.is_confirmed and verdicts.is_part
),

taken as (
    select
        kept.business_id,
        unnest([kept.left_event, kept.right_event]) as event_id
    from kept
    where kept.pair in ('bank_ledger', 'bank_payout')

    union all

    select
        runs.business_id,
        unnest([runs.left_event, runs.right_event]) as event_id
    from runs
    where runs.pair = 'bank_ledger'

    union all

    select
        parts.business_id,
        unnest([parts.left_event, parts.right_event]) as event_id
    from parts
    where parts.pair in ('bank_ledger', 'bank_payout')
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

rejected as (
    select * from verdicts
    where pair = 'bank_ledger' and is_rejected
),

day_runs as (
    {{ day_runs('free', 'rejected') }}
),

all_matches as (
    select
        kept.*,
        false as is_part
    from kept

    union all by name

    select
        parts.*,
        'verdict' as rule,
        cast(1000 as double) as score,
        cast(null as double) as runner_up_score,
        'auto' as tier,
        true as is_part
    from parts

    union all by name

    select
        runs.*,
        'bundle' as rule,
        cast(null as double) as runner_up_score,
        true as is_part
    from runs

    union all by name

    select
        day_runs.business_id,
        day_runs.left_event,
        day_runs.right_event,
        pairs.pair,
        pairs.auto_score as score,
        'bundle' as rule,
        cast(null as double) as runner_up_score,
        case when day_runs.is_whole then 'auto' else 'suggest' end as tier,
        true as is_part
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
    all_matches.doubts,
    all_matches.is_part,
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
