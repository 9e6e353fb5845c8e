with flags as (
    select * from {{ ref('fct_hygiene_flag') }}
),

businesses as (
    select * from {{ ref('dim_business') }}
),

bills as (
    select * from {{ ref('fct_bills') }}
),

invoices as (
    select * from {{ ref('fct_invoices') }}
),

-- What a person knows a document by: its number, its dates and its amounts.
records as (
    select
        bills.business_id,
        bills.rail,
        'bills' as entity,
        bills.record_id,
        bills.document_number,
        bills.due_date,
        bills.total_amount,
        bills.open_amount,
        bills.currency
    from bills

    union all

    select
        invoices.business_id,
        invoices.rail,
        'invoices' as entity,
        invoices.record_id,
        invoices.document_number,
        invoices.due_date,
        invoices.total_amount,
        invoices.open_amount,
        invoices.currency
    from invoices
),

guardrail as (
    select * from {{ ref('fct_guardrail') }}
),

-- Open bills that are not payable, with all that speaks against each but the floors of cash and buffer.
stopped_bills as (
    select
        guardrail.business_id,
        guardrail.record_id,
        guardrail.vendor_id,
        guardrail.home_open_amount,
        string_split(concat_ws(',', guardrail.needs_data_hits, guardrail.held_hits), ',') as rules
    from guardrail
    where guardrail.needs_data_hits is not null or guardrail.held_hits is not null
),

blocking_flags as (
    select
        flags.business_id,
        flags.flag_id,
        flags.entity,
        flags.record_id,
        'hygiene_' || lower(flags.check_id) as rule,
        string_split(flags.same_rules, '|') as same_rules,
        flags.blocks_kind = 'needs_data' and flags.entity not in ('bills', 'vendors') as is_of_business
    from flags
    where flags.status = 'open' and flags.is_blocking
),

-- By the record of the flag: a bill, the vendor of bills, or whatever leaves all decisions of the business open.
stops as (
    select
        blocking_flags.*,
        stopped_bills.record_id as bill_id,
        stopped_bills.home_open_amount,
        stopped_bills.rules
    from blocking_flags
    inner join stopped_bills
        on
            blocking_flags.business_id = stopped_bills.business_id
            and blocking_flags.record_id = case blocking_flags.entity when 'bills' then stopped_bills.record_id else stopped_bills.vendor_id end
    where blocking_flags.entity in ('bills', 'vendors')

    union all

    select
        blocking_flags.*,
        stopped_bills.record_id as bill_id,
        stopped_bills.home_open_amount,
        stopped_bills.rules
    from blocking_flags
    inner join stopped_bills on blocking_flags.business_id = stopped_bills.business_id
    where blocking_flags.is_of_business
),

-- A flag alone stops a bill when nothing else speaks against it, no second flag of the same check either.
alone as (
    select
        stops.business_id,
        stops.flag_id,
        stops.home_open_amount
    from stops
    where list_has_all(list_append(stops.same_rules, stops.rule), stops.rules)
    qualify count(*) over (partition by stops.business_id, stops.bill_id, stops.rule) = 1
),

unblocked as (
    select
        alone.business_id,
        alone.flag_id,
        count(*) as decisions_unblocked,
        {{ money('sum(alone.home_open_amount)') }} as unblocked_amount
    from alone
    group by alone.business_id, alone.flag_id
),

burn as (
    select
        guardrail.business_id,
        any_value(guardrail.outflow_90) as outflow_90,
        any_value(guardrail.observed_days) as observed_days
    from guardrail
    group by guardrail.business_id
),

open_flags as (
    select
        flags.*,
        coalesce(unblocked.decisions_unblocked, 0) as decisions_unblocked,
        unblocked.unblocked_amount,
        {{ days_of('unblocked.unblocked_amount', 'burn.outflow_90', 'burn.observed_days') }} as unblocked_days,
        businesses.business_name,
        businesses.as_of,
        case flags.severity
            when 'C' then 1
            when 'H' then 2
            when 'M' then 3
            else 4
        end as severity_rank
    from flags
    inner join businesses on flags.business_id = businesses.business_id
    left join unblocked
        on
            flags.business_id = unblocked.business_id
            and flags.flag_id = unblocked.flag_id
    left join burn on flags.business_id = burn.business_id
    where flags.status = 'open' and flags.resolution is distinct from 'muted'
)

select
    open_flags.business_id,
    open_flags.business_name,
    row_number() over (
        partition by open_flags.business_id
        order by
            coalesce(open_flags.runway_impact_days, 0) + coalesce(open_flags.unblocked_days, 0) desc,
            open_flags.decisions_unblocked desc,
            open_flags.severity_rank asc,
            open_flags.opened_at asc,
            open_flags.flag_id asc
    ) as tray_rank,
    open_flags.flag_id,
    open_flags.check_id,
    open_flags.check_name,
    open_flags.severity,
    open_flags.is_blocking,
    open_flags.blocks_kind,
    open_flags.runway_impact_days,
    open_flags.decisions_unblocked,
    open_flags.unblocked_amount,
    open_flags.unblocked_days,
    open_flags.is_resolvable,
    open_flags.facts_hash,
    open_flags.what_to_do,
    open_flags.observed,
    open_flags.rail,
    open_flags.entity,
    open_flags.record_id,
    open_flags.party_name,
    records.document_number,
    records.due_date,
    coalesce(records.total_amount, open_flags.impact_amount) as amount,
    records.open_amount,
    coalesce(records.currency, open_flags.currency) as currency,
    open_flags.source_url,
    open_flags.opened_at,
    open_flags.reopened_count,
    open_flags.as_of,
    open_flags.rails_used,
    open_flags.degraded_rails,
    open_flags.synced_at
from open_flags
left join records
    on
        open_flags.business_id = records.business_id
        and open_flags.rail = records.rail
        and open_flags.entity = records.entity
        and open_flags.record_id = records.record_id
