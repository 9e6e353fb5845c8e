with matches as (
    select * from {{ ref('int_matches') }}
),

entered_matches as (
    select * from {{ ref('int_entered_matches') }}
    where is_sure
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

-- A bill that a person entered and the one by which the ledger has caught up.
all_matches as (
    select * from matches

    union all by name

    select
        entered_matches.business_id,
        'entered_bill' as pair,
        md5(concat_ws('|', entered_matches.business_id, 'entered_bill', entered_matches.record_id)) as match_id,
        'user' as left_rail,
        'bills' as left_entity,
        entered_matches.record_id as left_id,
        'qbo' as right_rail,
        'bills' as right_entity,
        entered_matches.bill_id as right_id,
        entered_matches.amount,
        entered_matches.currency,
        entered_matches.lag_days,
        entered_matches.rule,
        'auto' as tier,
        entered_matches.decision_id,
        entered_matches.decided_by,
        entered_matches.decided_at,
        entered_matches.synced_at
    from entered_matches
),

told as (
    select
        matches.*,
        row_number() over (
            partition by matches.business_id, matches.match_id order by matches.left_entity, matches.left_id
        ) as member_no,
        array_to_string(list_sort(list_distinct([matches.left_rail, matches.right_rail])), ',') as rails_used
    from all_matches as matches
)

select
    told.business_id,
    told.match_id,
    cast(told.member_no as integer) as member_no,
    told.pair,
    told.left_rail,
    told.left_entity,
    told.left_id,
    told.right_rail,
    told.right_entity,
    told.right_id,
    told.amount,
    told.currency,
    cast(told.lag_days as integer) as lag_days,
    told.rule,
    told.score,
    told.runner_up_score,
    told.tier,
    told.doubts,
    told.decision_id,
    told.decided_by,
    {{ utc('told.decided_at') }} as decided_at,
    told.rails_used,
    {{ degraded_among('told.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('told.synced_at') }} as synced_at
from told
inner join rail_health on told.business_id = rail_health.business_id
