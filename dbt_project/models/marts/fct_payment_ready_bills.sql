with bills as (
    select * from {{ ref('int_bills') }}
),

flags as (
    select * from {{ ref('fct_hygiene_flag') }}
),

freshness as (
    select * from {{ ref('int_rail_freshness') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

decisions as (
    select
        decisions.business_id,
        decisions.decision_no,
        decisions.kind,
        decisions.subject ->> 'rail' as rail,
        decisions.subject ->> 'bill' as rail_bill_id
    from {{ ref('stg_control__decisions') }} as decisions
    where decisions.kind in ('approve', 'hold') and decisions.is_standing
),

executed as (
    select * from {{ ref('int_ramp_bills') }}
),

-- A bill by each of its names, that of the ledger and that of the rail which pays it.
named_bills as (
    select
        bills.business_id,
        bills.record_id,
        bills.rail,
        bills.record_id as rail_bill_id
    from bills
    where bills.is_open

    union all

    select
        bills.business_id,
        bills.record_id,
        executed.rail,
        executed.ramp_bill_id as rail_bill_id
    from bills
    inner join executed
        on
            bills.business_id = executed.business_id
            and bills.ramp_bill_id = executed.ramp_bill_id
    where bills.is_open

    union all

    -- Ramp does not say of each of its bills which of the ledger's it is: of some a match does, or a person.
    select
        bills.business_id,
        bills.record_id,
        'ramp' as rail,
        matched.ramp_bill_id as rail_bill_id
    from bills
    inner join {{ ref('bill_map') }} as matched
        on
            bills.business_id = matched.business_id
            and bills.record_id = matched.qbo_bill_id
    where bills.is_open and bills.rail = 'qbo' and matched.tier = 'auto'

    union all

    -- What was said of it while only a person knew it.
    select
        bills.business_id,
        bills.record_id,
        entered.rail,
        entered.record_id as rail_bill_id
    from bills
    inner join bills as entered
        on
            bills.business_id = entered.business_id
            and bills.record_id = entered.ledger_bill_id
    where bills.is_open and bills.rail != entered.rail
),

-- The last word on a bill counts, under whichever of its names it was given.
last_words as (
    select
        named_bills.business_id,
        named_bills.record_id,
        arg_max(decisions.kind, decisions.decision_no) as kind
    from named_bills
    inner join decisions
        on
            named_bills.business_id = decisions.business_id
            and named_bills.rail = decisions.rail
            and named_bills.rail_bill_id = decisions.rail_bill_id
    group by named_bills.business_id, named_bills.record_id
),

paid_bills as (
    select * from {{ ref('stg_ramp__bills') }}
),

-- Money went out for the bill already, or is about to: it is not paid once more before a person has looked.
double_payments as (
    select
        named.business_id,
        named.record_id,
        bool_or(named.kind != 'open_though_paid') as is_paid_twice
    from (
        select
            risks.business_id,
            risks.kind,
            unnest([risks.bill_id, risks.other_bill_id]) as record_id
        from {{ ref('fct_double_payment') }} as risks
        where risks.rail = 'qbo' and risks.status != 'returned'
    ) as named
    group by named.business_id, named.record_id
),

parties as (
    select * from {{ ref('int_party_map') }}
    where party_kind = 'vendor'
),

-- Whom a bill is owed to, and whom the rail that would pay it takes for its vendor: one vendor, or nobody knows.
mapped_vendors as (
    select
        bills.business_id,
        bills.record_id,
        owed.party_key,
        owed.party_key is not null
        and (max(paid_bills.vendor_id) is null or bool_and(payee.party_key is not distinct from owed.party_key)) as is_vendor_mapped
    from bills
    left join parties as owed
        on
            bills.business_id = owed.business_id
            and case bills.rail when 'user' then 'qbo' else bills.rail end = owed.rail
            and bills.vendor_id = owed.party_id
    left join paid_bills
        on
            bills.business_id = paid_bills.business_id
            and bills.ramp_bill_id = paid_bills.record_id
            and not paid_bills.is_deleted
    left join parties as payee
        on
            paid_bills.business_id = payee.business_id
            and paid_bills.rail = payee.rail
            and paid_bills.vendor_id = payee.party_id
    where bills.is_open
    group by bills.business_id, bills.record_id, owed.party_key
),

-- A payment of Ramp's that was not seen yet would be made twice, so Ramp's own data must be a day old at most too.
ramp_ages as (
    select
        freshness.business_id,
        max(freshness.sync_age_minutes) as sync_age_minutes
    from freshness
    where freshness.rail = 'ramp' and freshness.entity = 'bills'
    group by freshness.business_id
),

open_bills as (
    select * from bills
    where bills.is_open
),

bill_flags as (
    select
        flags.business_id,
        flags.record_id,
        string_agg(distinct 'hygiene_' || lower(flags.check_id), ',' order by 'hygiene_' || lower(flags.check_id)) as reasons
    from flags
    where
        flags.is_blocking
        and flags.status = 'open'
        and flags.entity = 'bills'
    group by flags.business_id, flags.record_id
),

-- What speaks against a vendor speaks against its bills, whichever rail it was said of.
vendor_flags as (
    select
        flags.business_id,
        parties.party_key,
        string_agg(distinct 'hygiene_' || lower(flags.check_id), ',' order by 'hygiene_' || lower(flags.check_id)) as reasons
    from flags
    inner join parties
        on
            flags.business_id = parties.business_id
            and flags.rail = parties.rail
            and flags.record_id = parties.party_id
    where
        flags.is_blocking
        and flags.status = 'open'
        and flags.entity = 'vendors'
    group by flags.business_id, parties.party_key
),

judged as (
    select
        open_bills.*,
        freshness.sync_age_minutes,
        last_words.kind as advisor_decision,
        nullif(concat_ws(
            ',',
            case when open_bills.open_amount is null or open_bills.open_amount <= 0 then 'nothing_open' end,
            case
                when open_bills.vendor_id is null or not open_bills.is_vendor_known or not mapped_vendors.is_vendor_mapped
                    then 'vendor_unmapped'
            end,
            case when open_bills.due_date is null then 'no_due_date' end,
            case when open_bills.rail = 'user' then 'not_in_ledger' end,
            case when open_bills.status_source = 'ramp' and open_bills.effective_status = 'paid' then 'paid_on_ramp' end,
            case when open_bills.effective_status = 'in_flight' then 'in_flight_on_ramp' end,
            case
                when
                    (open_bills.rail != 'user' and coalesce(freshness.sync_age_minutes > 1440, true))
                    or (open_bills.ramp_bill_id is not null and coalesce(ramp_ages.sync_age_minutes > 1440, true))
                    then 'stale'
            end,
            case when last_words.kind = 'hold' then 'held_by_advisor' end,
            -- What Ramp pays by its own link is blocked by its status above.
            case
                when double_payments.is_paid_twice or (double_payments.record_id is not null and open_bills.ramp_bill_id is null)
                    then 'double_payment'
            end,
            bill_flags.reasons,
            vendor_flags.reasons
        ), '') as blocked_reasons
    from open_bills
    inner join mapped_vendors
        on
            open_bills.business_id = mapped_vendors.business_id
            and open_bills.record_id = mapped_vendors.record_id
    left join freshness
        on
            open_bills.business_id = freshness.business_id
            and open_bills.connection_id = freshness.connection_id
            and open_bills.rail = freshness.rail
            and freshness.entity = 'bills'
    left join ramp_ages on open_bills.business_id = ramp_ages.business_id
    left join bill_flags
        on
            open_bills.business_id = bill_flags.business_id
            and open_bills.record_id = bill_flags.record_id
    left join vendor_flags
        on
            mapped_vendors.business_id = vendor_flags.business_id
            and mapped_vendors.party_key = vendor_flags.party_key
    left join double_payments
        on
            open_bills.business_id = double_payments.business_id
            and open_bills.record_id = double_payments.record_id
    left join last_words
        on
            open_bills.business_id = last_words.business_id
            and open_bills.record_id = last_words.record_id
)

select
    judged.business_id,
    judged.rail,
    judged.record_id,
    judged.document_number,
    judged.vendor_id,
    judged.vendor_name,
    judged.txn_date,
    judged.due_date,
    judged.days_past_due,
    judged.total_amount,
    judged.open_amount,
    judged.currency,
    judged.home_open_amount,
    judged.home_currency,
    judged.blocked_reasons is null as is_payment_ready,
    coalesce(judged.status in ('open', 'partly_paid') and judged.total_amount > 0, false) as is_ready_by_specification,
    judged.blocked_reasons,
    judged.advisor_decision,
    judged.status,
    judged.effective_status,
    judged.status_source,
    judged.sync_age_minutes,
    judged.as_of_date,
    judged.source_url,
    judged.rails_used,
    {{ degraded_among('judged.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('judged.synced_at') }} as synced_at
from judged
inner join rail_health on judged.business_id = rail_health.business_id
