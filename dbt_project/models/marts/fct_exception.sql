with events as (
    select * from {{ ref('int_money_events') }}
),

found as (
    select
        business_id,
        event_id,
        kind,
        reason,
        cast(null as varchar) as question,
        cast(null as varchar) as match_id,
        cast(null as decimal(18, 2)) as difference_amount
    from {{ ref('int_exceptions_money') }}

    union all

    select
        business_id,
        event_id,
        kind,
        reason,
        cast(null as varchar) as question,
        cast(null as varchar) as match_id,
        cast(null as decimal(18, 2)) as difference_amount
    from {{ ref('int_exceptions_receivables') }}

    union all

    select
        business_id,
        event_id,
        'ambiguous' as kind,
        words as reason,
        question,
        match_id,
        difference_amount
    from {{ ref('int_match_questions') }}
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

ramp_bills as (
    select * from {{ ref('stg_ramp__bills') }}
),

told as (
    select
        found.business_id,
        found.kind,
        events.rail,
        events.entity,
        events.record_id,
        -- What of a record's two events is meant: the account of a transfer, or the processor's side of what the bank also received.
        case when events.role = 'ledger_receipt' then events.role else events.leg end as leg,
        events.event_date,
        {{ money('events.amount') }} as amount,
        events.currency,
        events.account_key,
        found.question,
        found.match_id,
        {{ money('found.difference_amount') }} as difference_amount,
        found.reason,
        case
            when events.role = 'bank' then 'plaid'
            when events.role in ('charge', 'stripe_invoice', 'ledger_receipt', 'ledger_invoice') then 'qbo,stripe'
            when events.role in ('ramp_bill', 'ledger_bill') then 'qbo,ramp'
            else 'plaid,' || events.rail
        end as rails_used,
        events.synced_at
    from found
    inner join events
        on
            found.business_id = events.business_id
            and found.event_id = events.event_id

    union all

    select
        entered.business_id,
        'ambiguous' as kind,
        entered.rail,
        'bills' as entity,
        entered.record_id,
        cast(null as varchar) as leg,
        entered.txn_date as event_date,
        {{ money('entered.total_amount') }} as amount,
        entered.currency,
        cast(null as varchar) as account_key,
        cast(null as varchar) as question,
        cast(null as varchar) as match_id,
        cast(null as decimal(18, 2)) as difference_amount,
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
        cast(null as varchar) as leg,
        cast(null as date) as event_date,
        cast(null as decimal(18, 2)) as amount,
        cast(null as varchar) as currency,
        cast(null as varchar) as account_key,
        cast(null as varchar) as question,
        cast(null as varchar) as match_id,
        cast(null as decimal(18, 2)) as difference_amount,
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
    -- A record may be asked about more than once: of each event that it is, by each match that is proposed of it, and because people
    -- contradict each other.
    md5(concat_ws(
        '|',
        told.business_id,
        told.kind,
        told.rail,
        told.entity,
        told.record_id,
        told.leg,
        told.match_id,
        case when told.question = 'contradicted' then told.question end
    )) as exception_id,
    told.kind,
    told.rail,
    told.entity,
    told.record_id,
    told.event_date,
    told.amount,
    told.currency,
    cast(calendar.as_of_date - told.event_date as integer) as age_days,
    told.match_id,
    told.difference_amount,
    -- What the payment service sent is in the books as the payments of its bills, and counted there.
    coalesce(
        told.kind in ('no_match', 'timing', 'paid_without_money')
        and told.account_key = 'bank'
        and told.rail != 'ramp'
        and 'plaid' in string_split(told.rails_used, ',')
        and calendar.as_of_date - told.event_date <= policy.receivable_horizon_days,
        false
    ) as is_cash_uncertain,
    told.reason,
    {{ record_page('told.rail', 'told.entity', 'told.record_id') }} as source_url,
    array_to_string(list_sort(string_split(told.rails_used, ',')), ',') as rails_used,
    {{ degraded_among('told.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('told.synced_at') }} as synced_at
from told
cross join policy
inner join calendar on told.business_id = calendar.business_id
inner join rail_health on told.business_id = rail_health.business_id
left join ramp_bills
    on
        told.business_id = ramp_bills.business_id
        and {{ key_where('told.record_id', "told.rail = 'ramp' and told.entity = 'bills'") }} = ramp_bills.record_id
