with assigned as (
    select * from {{ ref('int_match_assigned') }}
    where pair != 'statement'
),

events as (
    select * from {{ ref('int_money_events') }}
),

unlinked as (
    select * from {{ ref('chk_h16') }}
    where unlinked_bill_id is not null
),

-- Whether two open bills are one is H16's question.
questions as (
    select
        questions.business_id,
        questions.event_id,
        questions.question,
        questions.words
    from {{ ref('int_match_questions') }} as questions
    inner join events
        on
            questions.business_id = events.business_id
            and questions.event_id = events.event_id
    anti join unlinked
        on
            events.business_id = unlinked.business_id
            and {{ key_where('events.record_id', "events.role = 'ledger_bill' and questions.question = 'proposed'") }} = unlinked.record_id
),

entered as (
    select * from {{ ref('int_entered_bills') }}
),

looked_at as (
    select
        assigned.business_id,
        assigned.right_event as event_id
    from assigned

    union

    select
        questions.business_id,
        questions.event_id
    from questions
)

-- A transfer is two events of one record.
select
    events.business_id,
    events.rail,
    events.entity,
    events.record_id,
    bool_or(questions.question is not null) as is_ambiguous,
    coalesce(any_value(events.text), 'record') || ', ' || {{ shown_amount('any_value(abs(events.amount))', 'any_value(events.currency)') }}
    || ' dated ' || {{ shown_date('any_value(events.event_date)') }}
    || coalesce(', ' || string_agg(distinct questions.words, ', ' order by questions.words), '') as observed,
    cast(null as decimal(18, 2)) as impact_amount
from looked_at
inner join events
    on
        looked_at.business_id = events.business_id
        and looked_at.event_id = events.event_id
left join questions
    on
        looked_at.business_id = questions.business_id
        and looked_at.event_id = questions.event_id
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
