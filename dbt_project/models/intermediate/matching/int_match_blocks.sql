{{ config(materialized='table') }}

-- Which events are compared at all. How alike two of them are is `int_match_candidates`.
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

confirmed as (
    select * from {{ ref('int_match_verdicts') }}
    where is_confirmed and not is_part
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
        rights.event_id as right_event
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
        rights.event_id as right_event
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

-- Where a number says more than the amounts do, also amounts that differ however much: two digits may be turned round, or the ledger's
-- document is voided and has none left, which is what has to be told.
by_number as (
    select
        lefts.pair,
        lefts.business_id,
        lefts.event_id as left_event,
        rights.event_id as right_event
    from lefts
    inner join rights
        on
            lefts.business_id = rights.business_id
            and lefts.pair = rights.pair
            and lefts.reference = rights.reference
    where
        lefts.number_worth > 0
        and (sign(lefts.amount) = sign(rights.amount) or rights.amount = 0)
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
        rights.event_id as right_event
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
        rights.event_id as right_event
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
        rights.event_id as right_event
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

by_verdict as (
    select
        confirmed.pair,
        confirmed.business_id,
        confirmed.left_event,
        confirmed.right_event
    from confirmed
),

found as (
    select
        by_link.*,
        'link' as rule
    from by_link

    union all

    select
        by_verdict.*,
        'verdict' as rule
    from by_verdict

    union all

    select
        by_reference.*,
        'reference' as rule
    from by_reference

    union all

    select
        by_number.*,
        'number' as rule
    from by_number

    union all

    select
        by_digits.*,
        'digits' as rule
    from by_digits

    union all

    select
        by_amount.*,
        'amount' as rule
    from by_amount

    union all

    select
        by_tolerance.*,
        'tolerance' as rule
    from by_tolerance
)

select
    found.business_id,
    found.pair,
    found.left_event,
    found.right_event,
    bool_or(found.rule = 'link') as is_linked,
    bool_or(found.rule = 'digits') as is_turned
from found
group by found.business_id, found.pair, found.left_event, found.right_event
