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

flags as (
    select * from {{ ref('fct_hygiene_flag') }}
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
),

-- Against what was open when that day was last computed; a flag that came back counts as new.
flag_changes as (
    select
        flags.business_id,
        count(*) filter (flags.status = 'open' and flags.opened_at > week_ago.computed_at) as flags_opened,
        count(*) filter (flags.status = 'resolved' and flags.resolved_at > week_ago.computed_at) as flags_resolved
    from flags
    inner join week_ago on flags.business_id = week_ago.business_id
    group by flags.business_id
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
    today.overdue_ap_amount,
    week_ago.overdue_ap_amount as overdue_ap_last_week,
    {{ money('today.overdue_ap_amount - week_ago.overdue_ap_amount') }} as overdue_ap_change,
    today.overdue_ar_amount,
    week_ago.overdue_ar_amount as overdue_ar_last_week,
    {{ money('today.overdue_ar_amount - week_ago.overdue_ar_amount') }} as overdue_ar_change,
    today.runway_status,
    week_ago.runway_status as runway_status_last_week,
    case when week_ago.as_of_date is not null then coalesce(flag_changes.flags_opened, 0) end as flags_opened,
    case when week_ago.as_of_date is not null then coalesce(flag_changes.flags_resolved, 0) end as flags_resolved,
    case
        when week_ago.as_of_date is null then 'not comparable: no day of a week ago is on record yet'
        else
            coalesce(
                nullif(
                    concat_ws(
                        '; ',
                        {{ said_move_of_days('runway', 'today.runway_days', 'week_ago.runway_days') }},
                        case
                            when today.runway_status != week_ago.runway_status
                                then 'status went from ' || week_ago.runway_status || ' to ' || today.runway_status
                        end,
                        {{ said_move('cash', 'today.cash', 'week_ago.cash', 'today.currency') }},
                        {{ said_move('overdue bills', 'today.overdue_ap_amount', 'week_ago.overdue_ap_amount', 'today.currency') }},
                        {{ said_move('overdue invoices', 'today.overdue_ar_amount', 'week_ago.overdue_ar_amount', 'today.currency') }},
                        case
                            when flag_changes.flags_opened > 0
                                then {{ said_count('flag_changes.flags_opened', 'new flag', 'new flags') }}
                        end,
                        case
                            when flag_changes.flags_resolved > 0
                                then {{ said_count('flag_changes.flags_resolved', 'flag resolved', 'flags resolved') }}
                        end
                    ),
                    ''
                ),
                'nothing changed'
            )
    end as changed_in_words,
    coalesce(movers.top_movers, '[]') as top_movers,
    today.rails_used,
    today.degraded_rails,
    today.synced_at
from today
left join week_ago on today.business_id = week_ago.business_id
left join movers on today.business_id = movers.business_id
left join flag_changes on today.business_id = flag_changes.business_id
