with businesses as (
    select * from {{ ref('dim_business') }}
),

runway as (
    select * from {{ ref('fct_runway_daily') }}
),

scores as (
    select * from {{ ref('fct_hygiene_score') }}
),

publish_states as (
    select * from {{ ref('fct_publish_state') }}
),

variances as (
    select * from {{ ref('fct_variance_weekly') }}
),

connections as (
    select * from {{ ref('fct_connection_health') }}
),

flags as (
    select * from {{ ref('fct_hygiene_flag') }}
),

figures as (
    select
        businesses.business_id,
        runway.currency,
        runway.cash,
        runway.runway_days,
        runway.runway_days_low,
        runway.warning_days,
        runway.buffer_days,
        coalesce(runway.runway_status, 'unknown') as runway_status,
        runway.null_reason,
        businesses.min_cash_amount,
        businesses.min_buffer_days,
        businesses.freshness_state,
        publish_states.publish_state
    from businesses
    inner join publish_states on businesses.business_id = publish_states.business_id
    left join runway
        on
            businesses.business_id = runway.business_id
            and businesses.as_of_date = runway.as_of_date
),

-- Whether the runway would be in the warning if all that open critical flags put in doubt turned out against the client. Nearly every
-- ledger has such a flag: one that cannot change the answer, or whose days nobody can estimate, is shown and colours nothing.
doubted as (
    select
        figures.business_id,
        coalesce(figures.runway_days_low - coalesce(sum(flags.runway_impact_days), 0) < figures.warning_days, true) as is_runway_in_doubt
    from figures
    left join flags
        on
            figures.business_id = flags.business_id
            and flags.status = 'open'
            and flags.severity = 'C'
    group by figures.business_id, figures.runway_days_low, figures.warning_days
),

-- Everything that could be said, each with how urgent it is; ties go to what hangs on it, then to the alphabet.
issues as (
    select
        figures.business_id,
        case figures.runway_status when 'critical' then 10 when 'warning' then 30 else 35 end as urgency,
        cast(0 as decimal(18, 2)) as impact_days,
        case
            when figures.runway_days is not null then 'money lasts ' || {{ said_days('figures.runway_days') }} || ' days'
            else 'runway not known' || coalesce(': ' || replace(figures.null_reason, '_', ' '), '')
        end as issue
    from figures
    where figures.runway_status not in ('healthy', 'excellent')

    union all

    select
        connections.business_id,
        case connections.state when 'disconnected' then 11 else 31 end as urgency,
        cast(0 as decimal(18, 2)) as impact_days,
        connections.rail || case connections.state
            when 'disconnected' then ' is disconnected and needs a new consent'
            else ' keeps failing'
        end as issue
    from connections
    where connections.state in ('disconnected', 'failing')
    group by connections.business_id, connections.rail, connections.state

    union all

    select
        figures.business_id,
        12 as urgency,
        cast(0 as decimal(18, 2)) as impact_days,
        'figures are held at their last good state' as issue
    from figures
    where figures.publish_state = 'held'

    union all

    select
        figures.business_id,
        32 as urgency,
        cast(0 as decimal(18, 2)) as impact_days,
        case figures.freshness_state
            when 'stale' then 'some data is older than a day'
            when 'disabled' then 'a rail is paused'
            else 'some data was never read'
        end as issue
    from figures
    where figures.freshness_state in ('stale', 'disabled', 'never_synced')

    union all

    select
        figures.business_id,
        25 as urgency,
        cast(0 as decimal(18, 2)) as impact_days,
        case
            when figures.cash < figures.min_cash_amount
                then 'cash is below the floor of ' || {{ said_money('figures.min_cash_amount', 'figures.currency') }}
            else 'buffer of ' || {{ said_days('figures.buffer_days') }} || ' days is below the ' || figures.min_buffer_days || ' of the policy'
        end as issue
    from figures
    where figures.cash < figures.min_cash_amount or figures.buffer_days < figures.min_buffer_days

    union all

    select
        flags.business_id,
        case
            when flags.severity = 'C' and doubted.is_runway_in_doubt then 20
            when flags.severity = 'C' then 40
            when flags.severity = 'H' then 45
            else 50
        end as urgency,
        coalesce(sum(flags.runway_impact_days), 0) as impact_days,
        {{ said_count('count(*)', 'flag', 'flags') }} || ' "' || lower(flags.check_name[1]) || flags.check_name[2:] || '"' as issue
    from flags
    inner join doubted on flags.business_id = doubted.business_id
    where flags.status = 'open' and flags.severity in ('C', 'H', 'M')
    group by flags.business_id, flags.check_id, flags.check_name, flags.severity, doubted.is_runway_in_doubt
),

top_issues as (
    select
        ranked.business_id,
        string_agg(ranked.issue, '; ' order by ranked.position) as top_issues,
        min(ranked.urgency) as urgency
    from (
        select
            issues.*,
            row_number() over (
                partition by issues.business_id order by issues.urgency asc, issues.impact_days desc, issues.issue asc
            ) as position
        from issues
    ) as ranked
    where ranked.position <= 3
    group by ranked.business_id
),

-- Red and amber are about the money and the access to it; grey is where the figures are not known or not current.
-- A word stands beside each, since a colour alone says nothing to whoever does not see it.
coloured as (
    select
        figures.business_id,
        case
            when figures.runway_status = 'critical' or coalesce(top_issues.urgency <= 11, false) then 'red'
            when figures.publish_state = 'held' or figures.runway_status = 'unknown' then 'grey'
            when coalesce(top_issues.urgency < 40, false) then 'amber'
            else 'green'
        end as colour
    from figures
    left join top_issues on figures.business_id = top_issues.business_id
)

select
    businesses.business_id,
    businesses.business_name,
    businesses.firm_id,
    businesses.firm_name,
    coloured.colour,
    case coloured.colour
        when 'red' then 'act now'
        when 'amber' then 'watch'
        when 'green' then 'fine'
        else 'not known'
    end as attention,
    top_issues.top_issues,
    variances.changed_in_words as changed_since_last_week,
    variances.compared_to_date,
    runway.currency,
    runway.cash,
    runway.cash_source,
    runway.runway_days,
    runway.runway_days_low,
    runway.runway_days_high,
    runway.buffer_days,
    runway.covered_until,
    runway.runway_status,
    runway.null_reason,
    runway.confidence,
    runway.excluded_currencies,
    runway.overdue_ap_amount,
    runway.overdue_ar_amount,
    scores.hygiene_score,
    scores.hygiene_grade,
    businesses.freshness_state,
    businesses.rails_used,
    businesses.degraded_rails,
    businesses.max_input_age_minutes,
    publish_states.publish_state,
    publish_states.held_reason,
    businesses.as_of_date,
    businesses.as_of,
    -- The time of the cycle whose figures these are; a held business keeps the time of its last good one.
    businesses.as_of as published_at,
    businesses.synced_at
from businesses
inner join publish_states on businesses.business_id = publish_states.business_id
inner join coloured on businesses.business_id = coloured.business_id
left join runway
    on
        businesses.business_id = runway.business_id
        and businesses.as_of_date = runway.as_of_date
left join scores on businesses.business_id = scores.business_id
left join top_issues on businesses.business_id = top_issues.business_id
left join variances on businesses.business_id = variances.business_id
