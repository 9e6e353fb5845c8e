{{ config(materialized='table') }}

with events as (
    select
        events.* replace (
            {{ comparable_reference('events.reference') }} as reference,
            {{ comparable_text('events.text') }} as text
        ),
        {{ comparable_text('events.text') }}[:3] as text_start,
        -- Neighbouring steps are a seventh apart, which is as far as any pair's amounts may differ.
        cast(floor(ln(nullif(abs(cast(events.amount as double)), 0)) / ln(1.15)) as integer) as amount_step
    from {{ ref('int_money_events') }} as events
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

lefts as (
    select
        events.*,
        pairs.pair,
        pairs.days_before,
        pairs.days_after,
        pairs.amount_share,
        pairs.number_worth,
        pairs.is_of_party
    from events
    inner join pairs on events.role = pairs.left_role
),

rights as (
    select
        events.*,
        pairs.pair
    from events
    inner join pairs on events.role = pairs.right_role
),

-- Every rule is an equality of columns, so that what is compared grows with what there is and not with its square.
by_link as (
    select
        lefts.pair,
        lefts.business_id,
        lefts.event_id as left_event,
        rights.event_id as right_event,
        true as is_linked
    from lefts
    inner join rights
        on
            lefts.business_id = rights.business_id
            and lefts.pair = rights.pair
            and lefts.linked_id = rights.record_id
),

by_reference as (
    select
        lefts.pair,
        lefts.business_id,
        lefts.event_id as left_event,
        rights.event_id as right_event,
        false as is_linked
    from lefts
    inner join rights
        on
            lefts.business_id = rights.business_id
            and lefts.pair = rights.pair
            and lefts.reference = rights.reference
            and lefts.amount = rights.amount
    where
        lefts.amount != 0
        and coalesce(lefts.currency = rights.currency, true)
        and (not lefts.is_of_party or coalesce(lefts.party_key = rights.party_key, true))
),

-- Where a number says more than the amounts do, also amounts that differ however much: two digits may be turned round, which is
-- what has to be told.
by_number as (
    select
        lefts.pair,
        lefts.business_id,
        lefts.event_id as left_event,
        rights.event_id as right_event,
        false as is_linked
    from lefts
    inner join rights
        on
            lefts.business_id = rights.business_id
            and lefts.pair = rights.pair
            and lefts.reference = rights.reference
    where
        lefts.number_worth > 0
        and sign(lefts.amount) = sign(rights.amount)
        and lefts.amount != 0
        and coalesce(lefts.currency = rights.currency, true)
        and coalesce(lefts.party_key = rights.party_key, lefts.text = rights.text, false)
        and rights.event_date - lefts.event_date between -lefts.days_before and lefts.days_after
),

-- Where one of the two has no number, amounts of one vendor and day that have the same digits in another order.
by_digits as (
    select
        lefts.pair,
        lefts.business_id,
        lefts.event_id as left_event,
        rights.event_id as right_event,
        false as is_linked
    from lefts
    inner join rights
        on
            lefts.business_id = rights.business_id
            and lefts.pair = rights.pair
            and lefts.party_key = rights.party_key
            and lefts.event_date = rights.event_date
    where
        lefts.number_worth > 0
        and lefts.amount != rights.amount
        and sign(lefts.amount) = sign(rights.amount)
        and coalesce(lefts.currency = rights.currency, true)
        and (lefts.reference is null or rights.reference is null)
        and {{ digits_of('lefts.amount') }} = {{ digits_of('rights.amount') }}
),

by_amount as (
    select
        lefts.pair,
        lefts.business_id,
        lefts.event_id as left_event,
        rights.event_id as right_event,
        false as is_linked
    from lefts
    inner join rights
        on
            lefts.business_id = rights.business_id
            and lefts.pair = rights.pair
            and lefts.amount = rights.amount
    where
        lefts.amount != 0
        and coalesce(lefts.currency = rights.currency, true)
        and (not lefts.is_of_party or coalesce(lefts.party_key = rights.party_key, true))
        and rights.event_date - lefts.event_date between -lefts.days_before and lefts.days_after
),

-- Amounts that differ: texts that begin alike, and amounts that lie in the same or a neighbouring step of a seventh.
stepped as (
    select
        lefts.*,
        unnest([lefts.amount_step - 1, lefts.amount_step, lefts.amount_step + 1]) as near_step
    from lefts
    where lefts.amount_share > 0
),

by_tolerance as (
    select
        stepped.pair,
        stepped.business_id,
        stepped.event_id as left_event,
        rights.event_id as right_event,
        false as is_linked
    from stepped
    inner join rights
        on
            stepped.business_id = rights.business_id
            and stepped.pair = rights.pair
            and stepped.near_step = rights.amount_step
            and stepped.text_start = rights.text_start
    where
        rights.event_date - stepped.event_date between -stepped.days_before and stepped.days_after
        and coalesce(stepped.currency = rights.currency, true)
        and (not stepped.is_of_party or coalesce(stepped.party_key = rights.party_key, true))
        and sign(rights.amount) = sign(stepped.amount)
        and abs({{ wide('rights.amount') }} - stepped.amount) <= stepped.amount_share * abs({{ wide('stepped.amount') }})
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

by_verdict as (
    select
        verdicts.pair,
        verdicts.business_id,
        verdicts.left_event,
        verdicts.right_event,
        false as is_linked
    from verdicts
    where verdicts.is_confirmed
),

found as (
    select * from by_link
    union all
    select * from by_verdict
    union all
    select * from by_reference
    union all
    select * from by_number
    union all
    select * from by_digits
    union all
    select * from by_amount
    union all
    select * from by_tolerance
),

distinct_pairs as (
    select
        found.pair,
        found.business_id,
        found.left_event,
        found.right_event,
        bool_or(found.is_linked) as is_linked
    from found
    group by found.pair, found.business_id, found.left_event, found.right_event
),

compared as (
    select
        distinct_pairs.*,
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
    from distinct_pairs
    inner join lefts
        on
            distinct_pairs.business_id = lefts.business_id
            and distinct_pairs.pair = lefts.pair
            and distinct_pairs.left_event = lefts.event_id
    inner join rights
        on
            distinct_pairs.business_id = rights.business_id
            and distinct_pairs.pair = rights.pair
            and distinct_pairs.right_event = rights.event_id
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
        + pairs.number_worth * cast(turned.left_event is not null as integer) as score
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
left join by_digits as turned
    on
        scored.business_id = turned.business_id
        and scored.pair = turned.pair
        and scored.left_event = turned.left_event
        and scored.right_event = turned.right_event
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
