{#- The table is its own history: the state of the last build is read while the next one is made, so it is never
    rebuilt from nothing, not even by a full refresh. -#}
{%- set known = adapter.get_columns_in_relation(this) | map(attribute='name') | list if load_relation(this) is not none else [] %} -- noqa: TMP
{#- A history kept before people could resolve flags does not know these. #}
{%- set of_people = ['resolution', 'resolved_by', 'resolution_reason', 'decision_id'] %}

with runs as (
    select * from {{ source('quality', 'expectation_runs') }}
),

failures as (
    select * from {{ source('quality', 'expectation_failures') }}
),

catalogue as (
    select * from {{ ref('hygiene_catalogue') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

burn as (
    select * from {{ ref('int_burn') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

ramp_bills as (
    select * from {{ ref('stg_ramp__bills') }}
),

-- The last standing word on each flag, by whoever may decide.
words as (
    select
        decisions.business_id,
        decisions.subject ->> 'flag_id' as flag_id,
        decisions.subject ->> 'facts_hash' as seen_hash,
        decisions.decision_id,
        decisions.advisor_id,
        decisions.reason,
        {{ utc('decisions.decided_at') }} as decided_at
    from {{ ref('stg_control__decisions') }} as decisions
    where decisions.kind = 'resolve-flag' and decisions.is_standing
    qualify row_number() over (
        partition by decisions.business_id, decisions.subject ->> 'flag_id'
        order by decisions.decision_no desc
    ) = 1
),

-- Whom the record is about, where it is about somebody.
parties as (
    select
        bills.business_id,
        bills.rail,
        'bills' as entity,
        bills.record_id,
        bills.vendor_name as party_name
    from {{ ref('int_bills') }} as bills

    union all

    select
        invoices.business_id,
        invoices.rail,
        'invoices' as entity,
        invoices.record_id,
        invoices.customer_name as party_name
    from {{ ref('int_invoices') }} as invoices

    union all

    select
        purchases.business_id,
        purchases.rail,
        'purchases' as entity,
        purchases.record_id,
        purchases.payee_name as party_name
    from {{ ref('stg_qbo__purchases') }} as purchases

    union all

    select
        vendors.business_id,
        vendors.rail,
        'vendors' as entity,
        vendors.record_id,
        vendors.vendor_name as party_name
    from {{ ref('stg_qbo__vendors') }} as vendors
),

previous as (
    {% if known -%}
    select
        flags.business_id,
        flags.check_id,
        flags.rail,
        flags.entity,
        flags.record_id,
        flags.status,
        flags.observed,
        flags.impact_amount,
        flags.opened_at,
        flags.resolved_at,
        flags.reopened_count,
        {%- for name in of_people %}
        {{ 'flags.' ~ name if name in known else 'cast(null as varchar)' }} as {{ name }},
        {%- endfor %}
        flags.checked_at,
        flags.run_id
    from {{ this }} as flags
    {%- else -%}
    select
        cast(null as varchar) as business_id,
        cast(null as varchar) as check_id,
        cast(null as varchar) as rail,
        cast(null as varchar) as entity,
        cast(null as varchar) as record_id,
        cast(null as varchar) as status,
        cast(null as varchar) as observed,
        cast(null as decimal(18, 2)) as impact_amount,
        cast(null as timestamp) as opened_at,
        cast(null as timestamp) as resolved_at,
        cast(null as integer) as reopened_count,
        {%- for name in of_people %}
        cast(null as varchar) as {{ name }},
        {%- endfor %}
        cast(null as timestamp) as checked_at,
        cast(null as varchar) as run_id
    where false
    {%- endif %}
),

-- A check that could not run, or does not apply, is one row of its own, keyed by the business.
present as (
    select
        failures.business_id,
        failures.check_id,
        failures.rail,
        failures.entity,
        failures.record_id,
        'open' as status,
        failures.observed,
        failures.impact_amount,
        {{ utc('failures.ran_at') }} as checked_at,
        failures.run_id
    from failures

    union all

    select
        runs.business_id,
        runs.check_id,
        '' as rail,
        'check' as entity,
        runs.business_id as record_id,
        runs.status,
        runs.error as observed,
        cast(null as decimal(18, 2)) as impact_amount,
        {{ utc('runs.ran_at') }} as checked_at,
        runs.run_id
    from runs
    where runs.status in ('error', 'not_applicable')
),

-- A word counts for what its decider saw: what it names, else what stood here when it was given. It ends with the facts, and a
-- word that once ended, or came too late, does not count again.
judged as (
    select
        present.*,
        previous.status as former_status,
        previous.resolution as former_resolution,
        previous.opened_at as former_opened_at,
        previous.run_id as former_run_id,
        previous.decision_id as former_decision_id,
        coalesce(previous.reopened_count, 0) as former_count,
        words.decision_id,
        words.advisor_id,
        words.reason,
        words.decided_at,
        catalogue.is_resolvable,
        coalesce(
            present.status = 'open'
            and words.decision_id is not null
            and {{ flag_facts('present') }} = case
                when words.decision_id = previous.decision_id and previous.resolution in ('person', 'muted') then {{ flag_facts('previous') }}
                when words.decision_id = previous.decision_id then null
                when words.seen_hash is not null then words.seen_hash
                when previous.status = 'open' or previous.resolution = 'person' then {{ flag_facts('previous') }}
            end,
            false
        ) as is_told
    from present
    inner join catalogue on present.check_id = catalogue.check_id
    left join previous
        on
            present.business_id = previous.business_id
            and present.check_id = previous.check_id
            and present.rail = previous.rail
            and present.entity = previous.entity
            and present.record_id = previous.record_id
    left join words
        on
            present.business_id = words.business_id
            and {{ flag_id('present') }} = words.flag_id
),

-- Whoever takes a word back puts the flag where it was; a flag comes back by what is found.
compared as (
    select
        judged.*,
        judged.is_told and judged.is_resolvable as is_resolved,
        not judged.is_told
        and coalesce(judged.former_resolution in ('person', 'muted'), false)
        and coalesce(judged.decision_id != judged.former_decision_id, true) as is_taken_back
    from judged
),

standing as (
    select
        compared.business_id,
        compared.check_id,
        compared.rail,
        compared.entity,
        compared.record_id,
        case when compared.is_resolved then 'resolved' else compared.status end as status,
        compared.observed,
        compared.impact_amount,
        case
            when
                compared.former_status = compared.status
                or (compared.former_resolution = 'person' and (compared.is_resolved or compared.is_taken_back))
                then compared.former_opened_at
            else compared.checked_at
        end as opened_at,
        case when compared.is_told then compared.decided_at end as resolved_at,
        compared.former_count
        + case
            when compared.is_told or compared.is_taken_back then 0
            when compared.former_status = 'resolved' or compared.former_resolution = 'muted' then 1
            else 0
        end as reopened_count,
        case when compared.is_told then case when compared.is_resolvable then 'person' else 'muted' end end as resolution,
        case when compared.is_told then compared.advisor_id end as resolved_by,
        case when compared.is_told then compared.reason end as resolution_reason,
        compared.decision_id,
        compared.checked_at,
        case
            when compared.former_status = case when compared.is_resolved then 'resolved' else compared.status end then compared.former_run_id
            else compared.run_id
        end as run_id
    from compared
),

-- Only a check that ran, or no longer applies, settles a flag; one that could not run leaves it open. What a person resolved is
-- settled by it too: if it is found once more, it is there again.
settled as (
    select
        previous.*,
        {{ utc('runs.ran_at') }} as ran_at,
        runs.run_id as settling_run_id,
        runs.status as run_status,
        words.decision_id as standing_decision_id,
        coalesce(
            (previous.status in ('open', 'error') or previous.resolution = 'person')
            and runs.status in ('passed', 'failed', 'not_applicable'),
            false
        ) as is_settled,
        coalesce(
            previous.resolution in ('person', 'muted') and words.decision_id is distinct from previous.decision_id,
            false
        ) as is_taken_back
    from previous
    left join runs
        on
            previous.business_id = runs.business_id
            and previous.check_id = runs.check_id
    left join words
        on
            previous.business_id = words.business_id
            and {{ flag_id('previous') }} = words.flag_id
    anti join present
        on
            previous.business_id = present.business_id
            and previous.check_id = present.check_id
            and previous.rail = present.rail
            and previous.entity = present.entity
            and previous.record_id = present.record_id
),

carried as (
    select
        settled.business_id,
        settled.check_id,
        settled.rail,
        settled.entity,
        settled.record_id,
        case
            when settled.is_settled then 'resolved'
            when settled.is_taken_back then 'open'
            else settled.status
        end as status,
        settled.observed,
        settled.impact_amount,
        settled.opened_at,
        case
            when settled.is_settled then settled.ran_at
            when not settled.is_taken_back then settled.resolved_at
        end as resolved_at,
        settled.reopened_count,
        case
            when settled.is_settled then 'check'
            when not settled.is_taken_back then settled.resolution
        end as resolution,
        case when not (settled.is_settled or settled.is_taken_back) then settled.resolved_by end as resolved_by,
        case when not (settled.is_settled or settled.is_taken_back) then settled.resolution_reason end as resolution_reason,
        case
            when settled.is_settled then coalesce(settled.standing_decision_id, settled.decision_id)
            when not settled.is_taken_back then settled.decision_id
        end as decision_id,
        case when settled.is_settled then settled.ran_at else settled.checked_at end as checked_at,
        case when settled.is_settled then settled.settling_run_id else settled.run_id end as run_id
    from settled
    where not (settled.status = 'not_applicable' and settled.run_status is not null)
),

flags as (
    select * from standing

    union all by name

    select * from carried
),

-- Two checks grow more serious with how much fails: overdue invoices by their number, uncategorised lines by their share.
raised as (
    select
        runs.business_id,
        runs.check_id,
        case
            when
                runs.check_id = 'H10'
                and runs.records_failed > {{ hygiene_threshold('H10', 'high_above_count') }} then 'H'
            when
                runs.check_id = 'H12'
                and runs.records_failed >= {{ hygiene_threshold('H12', 'high_from_share') }} * runs.records_checked then 'H'
            when
                runs.check_id = 'H12'
                and runs.records_failed >= {{ hygiene_threshold('H12', 'medium_from_share') }} * runs.records_checked then 'M'
        end as severity
    from runs
    where runs.status = 'failed'
)

select
    {{ flag_id('flags') }} as flag_id,
    flags.business_id,
    flags.check_id,
    flags.rail,
    flags.entity,
    flags.record_id,
    catalogue.name as check_name,
    case when flags.status = 'open' then coalesce(raised.severity, catalogue.severity) else catalogue.severity end as severity,
    catalogue.is_blocking,
    coalesce(catalogue.blocks_kind, '') as blocks_kind,
    coalesce(catalogue.same_rules, '') as same_rules,
    catalogue.is_resolvable,
    catalogue.dimension,
    flags.status,
    parties.party_name,
    flags.observed,
    flags.impact_amount,
    calendar.home_currency as currency,
    case
        when flags.status != 'open' then cast(null as decimal(18, 2))
        when catalogue.impact_rule = 'fixed_days' then catalogue.impact_value
        when catalogue.impact_rule = 'amount_over_burn'
            then {{ days_of('abs(flags.impact_amount)', 'burn.outflow_90', 'burn.observed_days') }}
        when catalogue.impact_rule = 'amount_over_unit' and flags.impact_amount is not null
            then least(try_cast(abs(flags.impact_amount) / catalogue.impact_value as decimal(18, 2)), catalogue.impact_cap_days)
    end as runway_impact_days,
    catalogue.what_to_do,
    flags.opened_at,
    flags.resolved_at,
    case when flags.status = 'resolved' then coalesce(flags.resolution, 'check') else flags.resolution end as resolution,
    flags.resolved_by,
    flags.resolution_reason,
    flags.decision_id,
    {{ flag_facts('flags') }} as facts_hash,
    cast(flags.reopened_count as integer) as reopened_count,
    flags.checked_at,
    flags.run_id,
    {{ record_page('flags.rail', 'flags.entity', 'flags.record_id') }} as source_url,
    coalesce(rail_health.rails_used, '') as rails_used,
    coalesce(rail_health.degraded_rails, '') as degraded_rails,
    {{ utc('rail_health.synced_at') }} as synced_at
from flags
inner join catalogue on flags.check_id = catalogue.check_id
left join raised
    on
        flags.business_id = raised.business_id
        and flags.check_id = raised.check_id
left join parties
    on
        flags.business_id = parties.business_id
        and flags.rail = parties.rail
        and flags.entity = parties.entity
        and flags.record_id = parties.record_id
left join ramp_bills
    on
        flags.business_id = ramp_bills.business_id
        and {{ key_where('flags.record_id', "flags.rail = 'ramp' and flags.entity = 'bills'") }} = ramp_bills.record_id
left join calendar on flags.business_id = calendar.business_id
left join burn on flags.business_id = burn.business_id
left join rail_health on flags.business_id = rail_health.business_id
