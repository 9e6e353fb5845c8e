{{ config(materialized='table') }}

with events as (
    select
        events.* replace (
            {{ comparable_reference('events.reference') }} as reference,
            {{ comparable_text('events.text') }} as text
        ),
        {{ comparable_text('events.text') }}[:3] as text_start,
        -- Neighbouring steps are a seventh apart, which is as far as any pair's amounts may differ.
        cast(floor(ln(abs(cast(events.amount as double))) / ln(1.15)) as integer) as amount_step
    from {{ ref('int_money_events') }} as events
    where events.amount != 0
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
        pairs.amount_share
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
    where rights.event_date - lefts.event_date between -lefts.days_before and lefts.days_after
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
        and sign(rights.amount) = sign(stepped.amount)
        and abs(rights.amount - stepped.amount) <= stepped.amount_share * abs(stepped.amount)
),

found as (
    select * from by_link
    union all
    select * from by_reference
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
        lefts.party_key as left_party_key,
        rights.party_key as right_party_key,
        lefts.account_key as left_account_key,
        rights.account_key as right_account_key,
        lefts.amount as left_amount,
        rights.amount as right_amount,
        rights.event_date - lefts.event_date as lag_days,
        least(abs(ln(abs(cast(rights.amount as double)) / abs(cast(lefts.amount as double)))), 0.3) as amount_gap,
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

select
    scored.*,
    pairs.least_score,
    pairs.least_gap
from scored
inner join pairs on scored.pair = pairs.pair
