with reports as (
    select * from {{ ref('int_aging_reports') }}
),

tie_out as (
    select * from {{ ref('int_aging_tie_out') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

counted as (
    select
        tie_out.business_id,
        tie_out.side,
        count(*) as parties,
        count(*) filter (tie_out.status = 'ties') as parties_tied,
        count(*) filter (tie_out.status = 'differs') as parties_differing,
        count(*) filter (tie_out.status = 'report_older_than_books') as parties_changed_since,
        count(*) filter (tie_out.status = 'no_exchange_rate') as parties_without_rate,
        {{ money('sum(tie_out.mirror_amount)') }} as mirror_amount
    from tie_out
    group by tie_out.business_id, tie_out.side
),

joined as (
    select
        reports.*,
        reports.report_state = 'comparable' as is_comparable,
        case when reports.report_date is not null then coalesce(counted.mirror_amount, 0) end as mirror_amount,
        coalesce(counted.parties, 0) as parties,
        coalesce(counted.parties_tied, 0) as parties_tied,
        coalesce(counted.parties_differing, 0) as parties_differing,
        coalesce(counted.parties_changed_since, 0) as parties_changed_since,
        coalesce(counted.parties_without_rate, 0) as parties_without_rate
    from reports
    left join counted
        on
            reports.business_id = counted.business_id
            and reports.side = counted.side
)

select
    joined.business_id,
    joined.rail,
    joined.side,
    case
        when not joined.is_comparable then joined.report_state
        when joined.parties_differing > 0 then 'differs'
        when joined.parties_tied > 0 then 'ties'
        when joined.parties_changed_since > 0 then 'report_older_than_books'
        else 'no_exchange_rate'
    end as status,
    joined.report_date,
    {{ utc('joined.reported_at') }} as reported_at,
    {{ utc('joined.books_read_at') }} as books_read_at,
    joined.ledger_amount,
    joined.mirror_amount,
    case when joined.is_comparable then joined.mirror_amount - joined.ledger_amount end as difference_amount,
    joined.home_currency as currency,
    case when joined.is_comparable then joined.parties end as parties,
    case when joined.is_comparable then joined.parties_tied end as parties_tied,
    case when joined.is_comparable then joined.parties_differing end as parties_differing,
    case when joined.is_comparable then joined.parties_changed_since end as parties_changed_since,
    case when joined.is_comparable then joined.parties_without_rate end as parties_without_rate,
    joined.rail as rails_used,
    {{ degraded_among('joined.rail', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('joined.synced_at') }} as synced_at
from joined
inner join rail_health on joined.business_id = rail_health.business_id
