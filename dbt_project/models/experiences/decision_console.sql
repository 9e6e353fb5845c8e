with guardrail as (
    select * from {{ ref('fct_guardrail') }}
),

businesses as (
    select * from {{ ref('dim_business') }}
),

-- In the order in which a person would pay: what must be paid first, then by due date, and the smaller of two before the larger.
ordered as (
    select
        guardrail.*,
        row_number() over (
            partition by guardrail.business_id
            order by guardrail.priority_rank asc, guardrail.due_date asc nulls last, guardrail.home_open_amount asc, guardrail.record_id asc
        ) as console_rank
    from guardrail
),

-- What would be paid with it: every bill before it that nothing but the floors could hold, and all that is promised wherever it is.
summed as (
    select
        ordered.*,
        sum(ordered.home_open_amount) filter (ordered.needs_data_hits is null and ordered.held_hits is null)
            over (partition by ordered.business_id order by ordered.console_rank asc) as running_amount,
        ordered.committed_amount
        + ordered.own_committed_amount
        - coalesce(
            sum(ordered.own_committed_amount)
            filter (ordered.needs_data_hits is null and ordered.held_hits is null)
                over (partition by ordered.business_id order by ordered.console_rank asc),
            0
        ) as committed_besides
    from ordered
),

judged as (
    select
        summed.*,
        summed.cash - summed.running_amount - summed.committed_besides as cash_after_all,
        {{ days_of(
            floor_zero('(summed.spendable - summed.running_amount - summed.committed_besides)'),
            'summed.outflow_90',
            'summed.observed_days'
        ) }} as buffer_days_after_all
    from summed
)

select
    judged.business_id,
    businesses.business_name,
    judged.as_of_date,
    judged.console_rank,
    judged.rail,
    judged.record_id,
    judged.document_number,
    judged.vendor_id,
    judged.vendor_name,
    judged.due_date,
    judged.due_date - judged.as_of_date as due_in_days,
    judged.home_open_amount as open_amount,
    judged.home_currency as currency,
    judged.priority,
    judged.priority_rule,
    judged.answer,
    judged.rule_hits,
    judged.cash_after,
    judged.cash_after_payroll,
    judged.buffer_days_after,
    {{ money('judged.running_amount') }} as running_amount,
    case
        when judged.needs_data_hits is not null then 'needs_data'
        when judged.held_hits is not null then 'held'
        when judged.cash_after_all < judged.min_cash_amount or judged.buffer_days_after_all < judged.min_buffer_days then 'held'
        else 'approved'
    end as answer_in_order,
    judged.advisor_decision,
    judged.is_committed,
    judged.committed_amount,
    judged.cash,
    judged.cash_age_minutes,
    judged.buffer_days,
    judged.min_cash_amount,
    judged.min_buffer_days,
    judged.policy_version,
    judged.payroll_amount,
    judged.next_payroll_date,
    judged.payroll_due_amount,
    judged.source_url,
    businesses.as_of,
    judged.rails_used,
    judged.degraded_rails,
    judged.synced_at
from judged
inner join businesses on judged.business_id = businesses.business_id
