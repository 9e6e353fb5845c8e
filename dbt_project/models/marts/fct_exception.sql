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

policy as (
    select * from {{ ref('runway_policy') }}
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

entered as (
    select * from {{ ref('int_entered_bills') }}
    where status = 'in_doubt'
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
    where matches.right_rail = 'plaid' or matches.pair in ('charge', 'invoice')
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

unclear as (
    select
        assigned.business_id,
        assigned.left_event as event_id
    from assigned
    where assigned.is_ambiguous and assigned.pair in ('charge', 'invoice')
),

-- Payments of the ledger on the accounts to which the processor's charges go: most of what lies there is a charge, from the first on.
processor_accounts as (
    select
        events.business_id,
        events.account_id,
        min(events.event_date) filter (matched.event_id is not null) as first_date
    from events
    left join matched
        on
            events.business_id = matched.business_id
            and events.event_id = matched.event_id
    where events.role = 'ledger_receipt'
    group by events.business_id, events.account_id
    having count(matched.event_id) * 2 > count(*)
),

-- Customers who are billed through the processor: four of five invoices, and three at least.
processor_customers as (
    select
        events.business_id,
        events.party_key,
        min(events.event_date) filter (matched.event_id is not null) as first_date
    from events
    left join matched
        on
            events.business_id = matched.business_id
            and events.event_id = matched.event_id
    where events.role = 'ledger_invoice' and events.party_key is not null
    group by events.business_id, events.party_key
    having count(matched.event_id) >= 3 and count(matched.event_id) * 5 >= count(*) * 4
),

-- Of what customers owe and pay, that which both the processor and the books should have. What was given back needs no payment.
expected as (
    select
        events.business_id,
        events.event_id
    from events
    where events.role in ('charge', 'stripe_invoice') and not events.is_undone

    union all

    select
        events.business_id,
        events.event_id
    from events
    inner join processor_accounts
        on
            events.business_id = processor_accounts.business_id
            and events.account_id = processor_accounts.account_id
            and events.event_date >= processor_accounts.first_date
    where events.role = 'ledger_receipt'

    union all

    select
        events.business_id,
        events.event_id
    from events
    inner join processor_customers
        on
            events.business_id = processor_customers.business_id
            and events.party_key = processor_customers.party_key
            and events.event_date >= processor_customers.first_date
    where events.role = 'ledger_invoice'
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
        and events.entity in ('bill_payments', 'payments')
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

    union all

    select
        events.*,
        case
            when calendar.as_of_date - events.event_date <= 30 then 'timing'
            when events.role = 'ledger_receipt' then 'paid_without_money'
            else 'no_match'
        end as kind,
        case events.role
            when 'charge' then 'taken by the card processor, and the books have no payment for it'
            when 'stripe_invoice' then 'billed through the card processor, and the books have no such invoice'
            when 'ledger_receipt' then 'recorded as paid through the card processor, which shows no charge for it'
            else 'this customer is billed through the card processor, which has no such invoice'
        end || case when calendar.as_of_date - events.event_date <= 30 then ' yet' else '' end as reason
    from events
    inner join calendar on events.business_id = calendar.business_id
    inner join expected
        on
            events.business_id = expected.business_id
            and events.event_id = expected.event_id
    anti join matched
        on
            events.business_id = matched.business_id
            and events.event_id = matched.event_id
    anti join ambiguous
        on
            events.business_id = ambiguous.business_id
            and events.event_id = ambiguous.event_id
    anti join unclear
        on
            events.business_id = unclear.business_id
            and events.event_id = unclear.event_id
    where events.amount != 0
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
        found.account_key,
        found.reason,
        case
            when found.role = 'bank' then 'plaid'
            when found.role in ('charge', 'stripe_invoice', 'ledger_receipt', 'ledger_invoice') then 'qbo,stripe'
            when found.role in ('ramp_bill', 'ledger_bill') then 'qbo,ramp'
            else 'plaid,' || found.rail
        end as rails_used,
        found.synced_at
    from found

    union all

    select
        entered.business_id,
        'ambiguous' as kind,
        entered.rail,
        'bills' as entity,
        entered.record_id,
        entered.txn_date as event_date,
        {{ money('entered.total_amount') }} as amount,
        entered.currency,
        cast(null as varchar) as account_key,
        'entered by a person, and may be bill ' || replace(entered.candidate_bills, ',', ' or ')
        || ' of the ledger; it is not counted until a person says which' as reason,
        entered.rails_used,
        entered.synced_at
    from entered

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
        cast(null as varchar) as account_key,
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
    coalesce(
        told.kind in ('no_match', 'timing', 'paid_without_money')
        and told.account_key = 'bank'
        and 'plaid' in string_split(told.rails_used, ',')
        and calendar.as_of_date - told.event_date <= policy.receivable_horizon_days,
        false
    ) as is_cash_uncertain,
    told.reason,
    array_to_string(list_sort(string_split(told.rails_used, ',')), ',') as rails_used,
    {{ degraded_among('told.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('told.synced_at') }} as synced_at
from told
cross join policy
inner join calendar on told.business_id = calendar.business_id
inner join rail_health on told.business_id = rail_health.business_id
