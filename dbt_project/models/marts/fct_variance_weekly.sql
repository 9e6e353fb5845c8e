with runway as (
    select * from {{ ref('fct_runway_daily') }}
),

movements as (
    select * from {{ ref('int_cash_movements') }}
    where {{ within_days('movement_date', 14) }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

today as (
    select runway.*
    from runway
    inner join calendar
        on
            runway.business_id = calendar.business_id
            and runway.as_of_date = calendar.as_of_date
),

-- The last day at least a week ago that was recorded; none older than two weeks, which would be no week's change.
week_ago as (
    select runway.*
    from runway
    inner join calendar on runway.business_id = calendar.business_id
    where
        runway.as_of_date <= calendar.as_of_date - 7
        and runway.as_of_date > calendar.as_of_date - 14
    qualify row_number() over (partition by runway.business_id order by runway.as_of_date desc) = 1
),

by_party as (
    select
        movements.business_id,
        movements.party_type,
        movements.party_id,
        any_value(movements.party_name) as party_name,
        coalesce(
            sum(case movements.direction when 'out' then -movements.amount else movements.amount end)
            filter (movements.movement_date > calendar.as_of_date - 7), 0
        ) as this_week_amount,
        coalesce(
            sum(case movements.direction when 'out' then -movements.amount else movements.amount end)
            filter (movements.movement_date <= calendar.as_of_date - 7), 0
        ) as last_week_amount
    from movements
    inner join calendar
        on
            movements.business_id = calendar.business_id
            and movements.movement_date > calendar.as_of_date - 14
            and movements.movement_date <= calendar.as_of_date
    where movements.party_id is not null
    group by movements.business_id, movements.party_type, movements.party_id
),

top_parties as (
    select by_party.*
    from by_party
    where by_party.this_week_amount != by_party.last_week_amount
    qualify row_number() over (
        partition by by_party.business_id
        order by abs(by_party.this_week_amount - by_party.last_week_amount) desc, by_party.party_type asc, by_party.party_id asc
    ) <= 5
),

movers as (
    select
        top_parties.business_id,
        cast(to_json(list({
            'party_type': top_parties.party_type,
            'party_id': top_parties.party_id,
            'party_name': top_parties.party_name,
            'this_week_amount': {{ money('top_parties.this_week_amount') }},
            'last_week_amount': {{ money('top_parties.last_week_amount') }}
        } order by abs(top_parties.this_week_amount - top_parties.last_week_amount) desc, top_parties.party_type asc, top_parties.party_id asc))
        as varchar) as top_movers
    from top_parties
    group by top_parties.business_id
)

select
    today.business_id,
    today.as_of_date,
    week_ago.as_of_date as compared_to_date,
    case when week_ago.as_of_date is null then 'no_history' end as null_reason,
    today.currency,
    today.cash,
    week_ago.cash as cash_last_week,
    {{ money('today.cash - week_ago.cash') }} as cash_change,
    today.ar_open,
    week_ago.ar_open as ar_open_last_week,
    {{ money('today.ar_open - week_ago.ar_open') }} as ar_open_change,
    today.ap_open,
    week_ago.ap_open as ap_open_last_week,
    {{ money('today.ap_open - week_ago.ap_open') }} as ap_open_change,
    today.runway_days,
    week_ago.runway_days as runway_days_last_week,
    {{ money('today.runway_days - week_ago.runway_days') }} as runway_days_change,
    coalesce(movers.top_movers, '[]') as top_movers,
    today.rails_used,
    today.degraded_rails,
    today.synced_at
from today
left join week_ago on today.business_id = week_ago.business_id
left join movers on today.business_id = movers.business_id
