with assigned as (
    select * from {{ ref('int_match_assigned') }}
    where pair != 'statement'
),

events as (
    select * from {{ ref('int_money_events') }}
),

-- What another pair settles, or a bundle, is no question any more.
matched as (
    select distinct
        matches.business_id,
        matches.right_event as event_id
    from {{ ref('int_matches') }} as matches
),

entered as (
    select * from {{ ref('int_entered_bills') }}
)

-- A transfer is two events of one record.
select
    events.business_id,
    events.rail,
    events.entity,
    events.record_id,
    bool_or(assigned.is_ambiguous and matched.event_id is null) as is_ambiguous,
    coalesce(any_value(events.text), 'record') || ', ' || {{ shown_amount('any_value(abs(events.amount))', 'any_value(events.currency)') }}
    || ' dated ' || {{ shown_date('any_value(events.event_date)') }} as observed,
    cast(null as decimal(18, 2)) as impact_amount
from assigned
inner join events
    on
        assigned.business_id = events.business_id
        and assigned.right_event = events.event_id
left join matched
    on
        assigned.business_id = matched.business_id
        and assigned.right_event = matched.event_id
group by events.business_id, events.rail, events.entity, events.record_id

union all

select
    entered.business_id,
    entered.rail,
    'bills' as entity,
    entered.record_id,
    entered.status = 'in_doubt' as is_ambiguous,
    coalesce(entered.vendor_name, 'bill') || ', ' || {{ shown_amount('entered.total_amount', 'entered.currency') }} || ' dated '
    || {{ shown_date('entered.txn_date') }} || ', entered by ' || entered.entered_by
    || coalesce(', may be bill ' || replace(entered.candidate_bills, ',', ' or ') || ' of the ledger', '') as observed,
    cast(null as decimal(18, 2)) as impact_amount
from entered
where entered.status in ('open', 'in_doubt', 'replaced')
