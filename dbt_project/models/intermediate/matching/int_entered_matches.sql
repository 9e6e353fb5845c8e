{{ config(materialized='table') }}

with entered as (
    select * from {{ ref('int_entered_words') }}
    where undone_at is null
),

bills as (
    select * from {{ ref('int_ledger_bills') }}
),

parties as (
    select * from {{ ref('int_party_map') }}
    where party_kind = 'vendor' and rail = 'qbo'
),

decisions as (
    select * from {{ ref('stg_control__decisions') }}
    where kind in ('confirm-match', 'reject-match') and is_standing
),

policy as (
    select * from {{ ref('entered_bill_policy') }}
),

sides as (
    select
        decisions.*,
        unnest([true, false]) as is_left
    from decisions
),

-- Whichever of the two was named first; of several verdicts on a pair the newest one that stands.
verdicts as (
    select
        sides.business_id,
        sides.kind,
        sides.decision_no,
        sides.decision_id,
        sides.advisor_id,
        sides.decided_at,
        sides.subject ->> (case when sides.is_left then 'left_id' else 'right_id' end) as record_id,
        sides.subject ->> (case when sides.is_left then 'right_id' else 'left_id' end) as bill_id
    from sides
    where
        (sides.subject ->> (case when sides.is_left then 'left_rail' else 'right_rail' end)) = 'user'
        and (sides.subject ->> (case when sides.is_left then 'right_rail' else 'left_rail' end)) = 'qbo'
        and (sides.subject ->> (case when sides.is_left then 'right_entity' else 'left_entity' end)) = 'bills'
    qualify row_number() over (partition by sides.business_id, record_id, bill_id order by sides.decision_no desc) = 1
),

ledger as (
    select
        bills.business_id,
        bills.record_id as bill_id,
        coalesce(parties.party_key, 'qbo:' || bills.vendor_id) as party_key,
        {{ comparable_reference('bills.document_number') }} as reference,
        bills.txn_date,
        bills.total_amount,
        bills.currency,
        bills.is_deleted as is_gone,
        coalesce(bills.created_at, bills.source_updated_at) as created_at,
        bills.synced_at
    from bills
    left join parties
        on
            bills.business_id = parties.business_id
            and bills.vendor_id = parties.party_id
    where bills.business_id in (select entered.business_id from entered)
),

compared as (
    select
        entered.business_id,
        entered.record_id,
        ledger.bill_id,
        entered.total_amount as amount,
        entered.currency,
        verdicts.kind as verdict,
        verdicts.decision_no,
        verdicts.decision_id,
        verdicts.advisor_id as decided_by,
        verdicts.decided_at,
        ledger.is_gone,
        ledger.txn_date - entered.txn_date as lag_days,
        coalesce(entered.party_key = ledger.party_key, false) as is_same_party,
        coalesce(entered.reference = ledger.reference, false) as is_same_reference,
        coalesce(entered.reference != ledger.reference, false) as is_other_reference,
        coalesce(entered.currency = ledger.currency and entered.total_amount = ledger.total_amount, false) as is_exact,
        coalesce(
            entered.currency = ledger.currency
            and abs({{ wide('entered.total_amount') }} - ledger.total_amount)
            <= greatest(policy.amount_difference, policy.amount_share * entered.total_amount),
            false
        ) as is_like,
        coalesce(abs(ledger.txn_date - entered.txn_date) <= policy.window_days, false) as is_near,
        coalesce(ledger.created_at > entered.decided_at, false) as is_later,
        policy.least_gap_days,
        greatest(entered.decided_at, ledger.synced_at) as synced_at
    from entered
    cross join policy
    inner join ledger on entered.business_id = ledger.business_id
    left join verdicts
        on
            entered.business_id = verdicts.business_id
            and entered.record_id = verdicts.record_id
            and ledger.bill_id = verdicts.bill_id
    where
        entered.party_key = ledger.party_key
        or entered.reference = ledger.reference
        or verdicts.kind = 'confirm-match'
),

-- The ledger catches up with what comes into it afterwards; a bill that it had before is another one, unless its number is the same.
-- One that came and was deleted since was caught up with too: the ledger has said since that there is no such bill.
ruled as (
    select
        compared.*,
        case
            when compared.verdict = 'confirm-match' then 'verdict'
            when compared.verdict = 'reject-match' or (compared.is_gone and not compared.is_later) then null
            when compared.is_same_party and compared.is_exact and compared.is_same_reference then 'reference'
            when compared.is_other_reference then null
            when compared.is_same_party and compared.is_exact and compared.is_near and compared.is_later then 'amount'
            when compared.is_gone then null
            when compared.is_same_party and compared.is_exact and compared.is_near then 'doubt'
            when compared.is_same_reference and (compared.is_same_party or compared.is_exact) then 'doubt'
            when compared.is_same_party and compared.is_like and compared.is_near and compared.is_later then 'doubt'
        end as rule
    from compared
),

-- Two bills of one vendor, number and amount are one bill, however often either side has it.
named as (
    select *
    from ruled
    where ruled.rule in ('verdict', 'reference')
    qualify row_number() over (
        partition by ruled.business_id, ruled.record_id
        order by ruled.rule desc, ruled.decision_no desc, ruled.is_gone asc, abs(ruled.lag_days) asc, len(ruled.bill_id) asc, ruled.bill_id asc
    ) = 1
),

left_over as (
    select
        ruled.*,
        abs(ruled.lag_days) + case when ruled.is_gone then 1000 else 0 end as distance
    from ruled
    anti join named on ruled.business_id = named.business_id and ruled.record_id = named.record_id
    anti join named as taken on ruled.business_id = taken.business_id and ruled.bill_id = taken.bill_id
    where ruled.rule in ('amount', 'doubt')
),

-- One for one: the nearest date on both sides, and no other bill of either side nearly as near.
ranked as (
    select
        left_over.*,
        row_number() over of_entered as entered_place,
        row_number() over of_bill as bill_place,
        lead(left_over.distance) over of_entered - left_over.distance as entered_gap,
        lead(left_over.distance) over of_bill - left_over.distance as bill_gap
    from left_over
    where left_over.rule = 'amount'
    window
        of_entered as (
            partition by left_over.business_id, left_over.record_id order by left_over.distance asc, left_over.bill_id asc
        ),
        of_bill as (
            partition by left_over.business_id, left_over.bill_id order by left_over.distance asc, left_over.record_id asc
        )
),

nearest as (
    select *
    from ranked
    where
        ranked.entered_place = 1
        and ranked.bill_place = 1
        and coalesce(ranked.entered_gap >= ranked.least_gap_days, true)
        and coalesce(ranked.bill_gap >= ranked.least_gap_days, true)
),

doubted as (
    select
        left_over.business_id,
        left_over.record_id,
        string_agg(left_over.bill_id, ',' order by left_over.distance asc, left_over.bill_id asc) as candidate_bills,
        max(left_over.synced_at) as synced_at
    from left_over
    anti join nearest on left_over.business_id = nearest.business_id and left_over.record_id = nearest.record_id
    anti join nearest as taken on left_over.business_id = taken.business_id and left_over.bill_id = taken.bill_id
    group by left_over.business_id, left_over.record_id
),

sure as (
    select
        named.business_id,
        named.record_id,
        named.bill_id,
        named.rule,
        named.amount,
        named.currency,
        named.lag_days,
        named.decision_id,
        named.decided_by,
        named.decided_at,
        named.synced_at
    from named

    union all

    select
        nearest.business_id,
        nearest.record_id,
        nearest.bill_id,
        nearest.rule,
        nearest.amount,
        nearest.currency,
        nearest.lag_days,
        nearest.decision_id,
        nearest.decided_by,
        nearest.decided_at,
        nearest.synced_at
    from nearest
)

select
    sure.business_id,
    sure.record_id,
    true as is_sure,
    sure.bill_id,
    sure.rule,
    sure.amount,
    sure.currency,
    sure.lag_days,
    cast(null as varchar) as candidate_bills,
    case when sure.rule = 'verdict' then sure.decision_id end as decision_id,
    case when sure.rule = 'verdict' then sure.decided_by end as decided_by,
    case when sure.rule = 'verdict' then sure.decided_at end as decided_at,
    sure.synced_at
from sure

union all

select
    doubted.business_id,
    doubted.record_id,
    false as is_sure,
    cast(null as varchar) as bill_id,
    cast(null as varchar) as rule,
    cast(null as decimal(18, 2)) as amount,
    cast(null as varchar) as currency,
    cast(null as bigint) as lag_days,
    doubted.candidate_bills,
    cast(null as varchar) as decision_id,
    cast(null as varchar) as decided_by,
    cast(null as timestamptz) as decided_at,
    doubted.synced_at
from doubted
