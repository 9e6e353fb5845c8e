with ready as (
    select * from {{ ref('fct_payment_ready_bills') }}
),

commitments as (
    select * from {{ ref('int_commitments') }}
),

runway as (
    select * from {{ ref('fct_runway_daily') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

payroll as (
    select * from {{ ref('int_payroll') }}
),

freshness as (
    select * from {{ ref('fct_rail_freshness') }}
),

flags as (
    select * from {{ ref('fct_hygiene_flag') }}
),

priorities as (
    select * from {{ ref('int_bill_priorities') }}
),

policy as (
    select * from {{ ref('int_guardrail_policy') }}
),

rules as (
    select
        rules.rule,
        rules.answer
    from {{ ref('guardrail_rules') }} as rules

    union all

    select
        'hygiene_' || lower(catalogue.check_id) as rule,
        case catalogue.blocks_kind when 'needs_data' then 'needs_data' else 'held' end as answer
    from {{ ref('hygiene_catalogue') }} as catalogue
    where catalogue.is_blocking
),

cash_ages as (
    select
        freshness.business_id,
        freshness.rail,
        max(freshness.sync_age_minutes) as cash_age_minutes,
        count(*) > count(freshness.sync_age_minutes) as is_never_read
    from freshness
    where (freshness.rail, freshness.entity) in (('plaid', 'balances'), ('qbo', 'accounts'))
    group by freshness.business_id, freshness.rail
),

-- What is wrong with a bill or a vendor is among the reasons of the bill; what is wrong with anything else concerns all bills.
business_flags as (
    select
        flags.business_id,
        list(distinct 'hygiene_' || lower(flags.check_id) order by 'hygiene_' || lower(flags.check_id)) as rules
    from flags
    where
        flags.status = 'open'
        and flags.blocks_kind = 'needs_data'
        and flags.entity not in ('bills', 'vendors')
    group by flags.business_id
),

businesses as (
    select
        runway.business_id,
        runway.as_of_date,
        runway.cash,
        runway.cash_source,
        cash_ages.cash_age_minutes,
        runway.spendable,
        runway.outflow_90,
        runway.observed_days,
        runway.buffer_days,
        policy.policy_version,
        policy.min_buffer_days,
        policy.min_cash_amount,
        policy.max_cash_age_minutes,
        payroll.payroll_amount,
        payroll.next_payroll_date,
        -- Payrolls from today until as many days ahead as the policy looks. Money that is set aside says neither when nor how much is
        -- paid, but for nothing set aside: then nobody is.
        case
            when payroll.is_payroll_dated
                then payroll.payroll_amount * (
                    {{ paydays(
                        'runway.as_of_date + policy.payroll_horizon_days', 'payroll.next_payroll_date', 'payroll.payroll_interval_days'
                    ) }}
                    - {{ paydays('runway.as_of_date - 1', 'payroll.next_payroll_date', 'payroll.payroll_interval_days') }}
                )
            when payroll.set_aside_amount = 0 and payroll.payroll_amount is null then 0
        end as payroll_due_amount,
        case when runway.cash is null then ['cash_unknown'] else [] end
        || case
            when runway.cash is not null and (coalesce(cash_ages.is_never_read, true) or cash_ages.cash_age_minutes > policy.max_cash_age_minutes)
                then ['cash_stale']
            else []
        end
        || case when runway.buffer_days is null then ['burn_unknown'] else [] end
        || case when payroll.is_payroll_known is true then [] else ['payroll_unknown'] end
        || coalesce(business_flags.rules, []) as rules
    from runway
    inner join calendar
        on
            runway.business_id = calendar.business_id
            and runway.as_of_date = calendar.as_of_date
    inner join policy on runway.business_id = policy.business_id
    left join payroll on runway.business_id = payroll.business_id
    left join business_flags on runway.business_id = business_flags.business_id
    left join cash_ages
        on
            runway.business_id = cash_ages.business_id
            and runway.cash_source = cash_ages.rail
),

takings as (
    select
        ready.*,
        coalesce(commitments.own_committed_amount != 0, true) as is_committed,
        commitments.own_committed_amount,
        commitments.unlisted_amount,
        commitments.committed_amount
    from ready
    inner join commitments
        on
            ready.business_id = commitments.business_id
            and ready.rail = commitments.rail
            and ready.record_id = commitments.record_id
),

bills as (
    select
        takings.*,
        businesses.cash,
        businesses.cash_source,
        businesses.cash_age_minutes,
        businesses.spendable,
        businesses.outflow_90,
        businesses.observed_days,
        businesses.buffer_days,
        businesses.policy_version,
        businesses.min_buffer_days,
        businesses.min_cash_amount,
        businesses.max_cash_age_minutes,
        businesses.payroll_amount,
        businesses.next_payroll_date,
        businesses.payroll_due_amount,
        businesses.rules as business_rules,
        priorities.priority,
        priorities.priority_rule,
        priorities.priority_rank,
        {{ money('businesses.cash - takings.committed_amount - takings.home_open_amount') }} as cash_after,
        {{ days_of(
            floor_zero('(businesses.spendable - takings.committed_amount - takings.home_open_amount)'),
            'businesses.outflow_90',
            'businesses.observed_days'
        ) }} as buffer_days_after,
        list_sort(list_distinct(
            businesses.rules
            || coalesce(string_split(takings.blocked_reasons, ','), [])
            || case when takings.home_open_amount is null then ['amount_unknown'] else [] end
            || case when takings.committed_amount is null then ['committed_unknown'] else [] end
        )) as own_rules
    from takings
    inner join businesses on takings.business_id = businesses.business_id
    left join priorities
        on
            takings.business_id = priorities.business_id
            and takings.rail = priorities.rail
            and takings.record_id = priorities.record_id
),

hits as (
    select
        bills.business_id,
        bills.rail,
        bills.record_id,
        unnest(bills.own_rules) as rule
    from bills
),

-- A reason that no rule knows is one more thing that nobody has looked at: it fails closed.
own_answers as (
    select
        hits.business_id,
        hits.rail,
        hits.record_id,
        string_agg(hits.rule, ',' order by hits.rule) filter (coalesce(rules.answer, 'needs_data') = 'needs_data') as needs_data_hits,
        string_agg(hits.rule, ',' order by hits.rule) filter (rules.answer = 'held') as held_hits
    from hits
    left join rules on hits.rule = rules.rule
    group by hits.business_id, hits.rail, hits.record_id
),

judged as (
    select
        bills.*,
        own_answers.needs_data_hits,
        own_answers.held_hits,
        case
            -- Not by `cash_after`, which is NULL where it is too far below zero to be told.
            when bills.cash - bills.committed_amount - bills.home_open_amount < bills.min_cash_amount then ['cash_below_floor']
            else []
        end
        || case when bills.buffer_days_after < bills.min_buffer_days then ['buffer_below_floor'] else [] end as floor_rules
    from bills
    left join own_answers
        on
            bills.business_id = own_answers.business_id
            and bills.rail = own_answers.rail
            and bills.record_id = own_answers.record_id
)

select
    judged.business_id,
    judged.as_of_date,
    judged.rail,
    judged.record_id,
    case
        when judged.needs_data_hits is not null then 'needs_data'
        when judged.held_hits is not null or len(judged.floor_rules) > 0 then 'held'
        else 'approved'
    end as answer,
    nullif(array_to_string(judged.own_rules || judged.floor_rules, ','), '') as rule_hits,
    judged.needs_data_hits,
    judged.held_hits,
    nullif(array_to_string(list_sort(judged.business_rules), ','), '') as business_hits,
    judged.vendor_id,
    judged.vendor_name,
    judged.document_number,
    judged.due_date,
    judged.home_open_amount,
    judged.home_currency,
    judged.priority,
    judged.priority_rule,
    judged.priority_rank,
    judged.advisor_decision,
    judged.is_committed,
    judged.own_committed_amount,
    judged.unlisted_amount,
    judged.committed_amount,
    judged.cash,
    judged.cash_source,
    judged.cash_age_minutes,
    judged.max_cash_age_minutes,
    judged.cash_after,
    {{ money('judged.cash_after - judged.payroll_due_amount') }} as cash_after_payroll,
    judged.spendable,
    judged.outflow_90,
    judged.observed_days,
    judged.buffer_days,
    judged.buffer_days_after,
    judged.min_cash_amount,
    judged.min_buffer_days,
    judged.policy_version,
    judged.payroll_amount,
    judged.next_payroll_date,
    {{ money('judged.payroll_due_amount') }} as payroll_due_amount,
    judged.source_url,
    judged.rails_used,
    judged.degraded_rails,
    judged.synced_at
from judged
