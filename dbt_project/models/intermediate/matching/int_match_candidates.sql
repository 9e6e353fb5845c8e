{{ config(materialized='table') }}

with events as (
    select
        events.* replace (
            {{ comparable_reference('events.reference') }} as reference,
            {{ comparable_text('events.text') }} as text
        )
    from {{ ref('int_money_events') }} as events
),

blocks as (
    select * from {{ ref('int_match_blocks') }}
),

pairs as (
    select * from {{ ref('match_pairs') }}
),

weights as (
    select
        weights.pair,
        {{ match_weights() }}
    from {{ ref('match_weights') }} as weights
    group by weights.pair
),

verdicts as (
    select * from {{ ref('int_match_verdicts') }}
    where (is_confirmed and not is_part) or is_rejected
),

-- What a person said to be part of a sum is that, and open to nothing else.
parts as (
    select * from {{ ref('int_match_verdicts') }}
    where is_confirmed and is_part and left_role != 'ramp_bill'
),

compared as (
    select
        blocks.*,
        lefts.reference as left_reference,
        rights.reference as right_reference,
        lefts.account_key as left_account_key,
        rights.account_key as right_account_key,
        lefts.party_key as left_party_key,
        rights.party_key as right_party_key,
        case
            when lefts.own_account is null or rights.own_account is null then null
            when lefts.paired_account = rights.own_account or rights.paired_account = lefts.own_account then true
            when lefts.paired_account is not null or rights.paired_account is not null then false
        end as is_own_account,
        lefts.purpose as left_purpose,
        rights.purpose as right_purpose,
        lefts.is_undone or rights.is_undone as is_undone,
        lefts.amount as left_amount,
        rights.amount as right_amount,
        rights.event_date - lefts.event_date as lag_days,
        -- A voided document has no amount left; its partner is known by link alone.
        case
            when lefts.amount = 0 or rights.amount = 0 then 0.3
            else least(abs(ln(abs(cast(rights.amount as double)) / abs(cast(lefts.amount as double)))), 0.3)
        end as amount_gap,
        {{ common_start('lefts.text', 'rights.text') }} as text_length,
        least(length(lefts.text), length(rights.text)) as text_of
    from blocks
    inner join events as lefts
        on
            blocks.business_id = lefts.business_id
            and blocks.left_event = lefts.event_id
    inner join events as rights
        on
            blocks.business_id = rights.business_id
            and blocks.right_event = rights.event_id
),

shared as (
    select
        compared.*,
        compared.text_length / compared.text_of as text_share
    from compared
),

features as (
    select
        shared.pair,
        shared.business_id,
        shared.left_event,
        shared.right_event,
        shared.lag_days,
        shared.is_turned,
        shared.left_amount = shared.right_amount as is_exact,
        {{ match_feature_columns() }}
    from shared
),

scored as (
    select
        features.*,
        {{ match_score('features', 'weights') }} as score
    from features
    inner join weights on features.pair = weights.pair
)

-- A confirmed pair outweighs whatever else there is, then one that names the other; a rejected one is none. What is known to be
-- another vendor's, or was booked on another account, gives way to what is not: it is too rare in labelled pairs to be learnt. So is
-- one number of one vendor on two amounts, which gains so much that it is told where it has one day or a neighbouring one, and not
-- so much that next month's bill of the same number is; and so are the same digits in another order on one day.
select
    scored.* replace ( -- noqa: AM04
        scored.score
        + 1000 * coalesce(cast(verdicts.is_confirmed as integer), 0)
        + 100 * scored.is_linked
        - pairs.doubt_cost * (scored.other_party + scored.unpaired_account)
        + pairs.number_worth
        * scored.same_reference
        * (case when scored.same_party = 1 or (scored.whole_text = 1 and scored.other_party = 0) then 1 else 0 end)
        + pairs.number_worth * cast(scored.is_turned as integer) as score
    ),
    coalesce(verdicts.is_confirmed, false) as is_confirmed,
    verdicts.decision_id,
    verdicts.advisor_id as decided_by,
    verdicts.decided_at,
    pairs.least_score,
    pairs.least_gap
from scored
inner join pairs on scored.pair = pairs.pair
left join verdicts
    on
        scored.business_id = verdicts.business_id
        and scored.pair = verdicts.pair
        and scored.left_event = verdicts.left_event
        and scored.right_event = verdicts.right_event
anti join parts as left_parts
    on
        scored.business_id = left_parts.business_id
        and scored.pair = left_parts.pair
        and scored.left_event = left_parts.left_event
anti join parts as right_parts
    on
        scored.business_id = right_parts.business_id
        and scored.pair = right_parts.pair
        and scored.right_event = right_parts.right_event
where verdicts.is_rejected is distinct from true
