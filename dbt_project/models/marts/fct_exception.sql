with events as (
    select * from {{ ref('int_money_events') }}
),

matches as (
    select * from {{ ref('int_matches') }}
),

assigned as (
    select * from {{ ref('int_match_assigned') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

parties as (
    select * from {{ ref('int_party_map') }}
    where party_kind = 'vendor' and is_active
),

ledger_parties as (
    select distinct
        parties.business_id,
        parties.party_key
    from parties
    where parties.is_ledger
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

matched as (
    select
        matches.business_id,
        matches.right_event as event_id
    from matches

    union

    select
        matches.business_id,
        matches.left_event as event_id
    from matches
    where matches.right_rail = 'plaid'
),

-- What the bank shows of a business at all; before that day nothing can be looked for there.
bank_days as (
    select
        events.business_id,
        min(events.event_date) as first_date,
        max(events.event_date) as last_date
    from events
    where events.role = 'bank'
    group by events.business_id
),

ambiguous as (
    select distinct
        assigned.business_id,
        assigned.right_event as event_id
    from assigned
    where
        assigned.is_ambiguous
        and assigned.pair != 'statement'
),

found as (
    select
        events.*,
        'ambiguous' as kind,
        'could as well be matched with another record; a person should say which' as reason
    from events
    inner join ambiguous
        on
            events.business_id = ambiguous.business_id
            and events.event_id = ambiguous.event_id
    anti join matched
        on
            events.business_id = matched.business_id
            and events.event_id = matched.event_id

    union all

    select
        events.*,
        'no_match' as kind,
        'the bank moved this money and no record of another rail stands for it' as reason
    from events
    anti join matched
        on
            events.business_id = matched.business_id
            and events.event_id = matched.event_id
    anti join ambiguous
        on
            events.business_id = ambiguous.business_id
            and events.event_id = ambiguous.event_id
    where events.role = 'bank' and events.amount != 0

    union all

    -- Thirty days are as long as a payment in the ledger may look for its money.
    select
        events.*,
        case when calendar.as_of_date - events.event_date > 30 then 'paid_without_money' else 'timing' end as kind,
        case
            when calendar.as_of_date - events.event_date > 30 then 'recorded as paid and the bank shows no money for it'
            else 'recorded as paid; the bank may still show it'
        end as reason
    from events
    inner join calendar on events.business_id = calendar.business_id
    inner join bank_days on events.business_id = bank_days.business_id
    anti join matched
        on
            events.business_id = matched.business_id
            and events.event_id = matched.event_id
    where
        events.role = 'ledger_money'
        and events.account_key = 'bank'
        and events.entity = 'bill_payments'
        and events.amount != 0
        and events.event_date >= bank_days.first_date

    union all

    select
        events.*,
        'timing' as kind,
        'paid out and not at the bank yet' as reason
    from events
    inner join bank_days on events.business_id = bank_days.business_id
    anti join matched
        on
            events.business_id = matched.business_id
            and events.event_id = matched.event_id
    where
        events.role = 'payout'
        and events.event_date >= bank_days.first_date
),

told as (
    select
        found.business_id,
        found.kind,
        found.rail,
        found.entity,
        found.record_id,
        found.event_date,
        {{ money('found.amount') }} as amount,
        found.currency,
        found.reason,
        case when found.role = 'bank' then 'plaid' else 'plaid,' || found.rail end as rails_used,
        found.synced_at
    from found

    union all

    -- Merchants of the bank are many and mostly nobody's vendor; H18 tells of those that it recognised.
    select
        parties.business_id,
        'unmapped' as kind,
        parties.rail,
        parties.entity,
        parties.party_id as record_id,
        cast(null as date) as event_date,
        cast(null as decimal(18, 2)) as amount,
        cast(null as varchar) as currency,
        'no vendor of the ledger is known to be this one' as reason,
        parties.rail as rails_used,
        parties.synced_at
    from parties
    anti join ledger_parties
        on
            parties.business_id = ledger_parties.business_id
            and parties.party_key = ledger_parties.party_key
    where parties.entity = 'vendors'
)

select
    told.business_id,
    md5(concat_ws('|', told.business_id, told.kind, told.rail, told.entity, told.record_id)) as exception_id,
    told.kind,
    told.rail,
    told.entity,
    told.record_id,
    told.event_date,
    told.amount,
    told.currency,
    cast(calendar.as_of_date - told.event_date as integer) as age_days,
    told.reason,
    array_to_string(list_sort(string_split(told.rails_used, ',')), ',') as rails_used,
    {{ degraded_among('told.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('told.synced_at') }} as synced_at
from told
inner join calendar on told.business_id = calendar.business_id
inner join rail_health on told.business_id = rail_health.business_id
