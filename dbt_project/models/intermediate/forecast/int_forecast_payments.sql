{#- Payments that no document tells of: the next ones of every regular series as it stood at an origin, and payroll as it was set. -#}

with open_documents as (
    select * from {{ ref('int_forecast_documents') }}
),

origins as (
    {{ forecast_origins() }}
),

payroll as (
    select * from {{ ref('int_payroll') }}
    where payroll_source = 'set'
),

flows as (
    select * from {{ ref('int_forecast_flows') }}
    where payee is not null
),

steps as (
    select cast(unnest(range(19)) as integer) as number
),

-- The ledger says best whom money went to; a business without one has its bank's names.
with_ledger as (
    select distinct flows.business_id
    from flows
    where flows.is_ledger
),

paid as (
    select
        flows.business_id,
        flows.payee,
        flows.flow_date,
        -sum(flows.amount) as amount
    from flows
    left join with_ledger on flows.business_id = with_ledger.business_id
    where flows.is_ledger = (with_ledger.business_id is not null)
    group by flows.business_id, flows.payee, flows.flow_date
    having sum(flows.amount) < 0
),

gaps as (
    select
        paid.*,
        paid.flow_date - lag(paid.flow_date) over payee_days as gap_days,
        row_number() over payee_days as occurrence,
        lead(paid.flow_date) over payee_days as next_date
    from paid
    window payee_days as (partition by paid.business_id, paid.payee order by paid.flow_date)
),

-- After every payment: how far apart the last ones were, and how much each was.
rhythms as (
    select
        gaps.*,
        quantile_cont(gaps.gap_days, 0.5) over (recent rows between 5 preceding and current row) as usual_gap,
        min(gaps.gap_days) over (recent rows between 1 preceding and current row) as least_gap,
        max(gaps.gap_days) over (recent rows between 1 preceding and current row) as greatest_gap,
        quantile_disc(gaps.amount, 0.5) over (recent rows between 2 preceding and current row) as usual_amount,
        min(gaps.amount) over (recent rows between 2 preceding and current row) as least_amount,
        max(gaps.amount) over (recent rows between 2 preceding and current row) as greatest_amount
    from gaps
    window recent as (partition by gaps.business_id, gaps.payee order by gaps.flow_date)
),

series as (
    select
        rhythms.business_id,
        rhythms.payee,
        rhythms.flow_date as last_date,
        rhythms.next_date,
        rhythms.usual_amount,
        case
            when rhythms.usual_gap between 6 and 8 then 7
            when rhythms.usual_gap between 13 and 14.5 then 14
            when rhythms.usual_gap between 14.5 and 17 then 15
            when rhythms.usual_gap between 27 and 33 then 30
        end as cadence_days,
        case
            when rhythms.payee = 'payroll' then 'payroll'
            when rhythms.greatest_amount <= 1.1 * rhythms.usual_amount and rhythms.least_amount >= 0.9 * rhythms.usual_amount then 'recurring'
            else 'varying'
        end as kind
    from rhythms
    where
        rhythms.occurrence >= 3
        and rhythms.least_gap >= 0.7 * rhythms.usual_gap
        and rhythms.greatest_gap <= 1.3 * rhythms.usual_gap
),

-- The series as they stood at each origin, with their next thirteen weeks; one that is five days late has ended.
coming as (
    select
        origins.business_id,
        origins.as_of_date,
        origins.origin_date,
        series.payee,
        series.kind,
        series.cadence_days,
        series.last_date,
        series.usual_amount as amount,
        greatest(
            case
                when series.cadence_days = 30 then cast(series.last_date + to_months(steps.number) as date)
                else series.last_date + series.cadence_days * steps.number
            end,
            origins.origin_date + 1
        ) as expected_date
    from series
    inner join origins
        on
            series.business_id = origins.business_id
            and series.last_date <= origins.origin_date
            and (series.next_date is null or series.next_date > origins.origin_date)
            and series.last_date + series.cadence_days >= origins.origin_date - 5
    cross join steps
    where series.cadence_days * steps.number between 1 and 130
),

-- What a person set for payroll is today's word on it. A payday of today whose wages nobody has seen leave yet is expected tomorrow, as a
-- series that is late is.
paydays as (
    select
        origins.business_id,
        origins.as_of_date,
        origins.origin_date,
        payroll.payroll_interval_days as cadence_days,
        payroll.payroll_amount as amount,
        case
            when
                steps.number = 0
                and payroll.next_payroll_date = origins.origin_date
                and coalesce(payroll.last_payroll_date != origins.origin_date, true)
                then origins.origin_date + 1
            else payroll.next_payroll_date + coalesce(payroll.payroll_interval_days, 0) * steps.number
        end as expected_date
    from payroll
    inner join origins
        on
            payroll.business_id = origins.business_id
            and origins.origin_date = origins.as_of_date
    cross join steps
    where steps.number = 0 or payroll.payroll_interval_days > 0
),

-- The bill that is open already is the next occurrence of its vendor's series.
undated as (
    select coming.*
    from coming
    anti join open_documents
        on
            coming.business_id = open_documents.business_id
            and coming.origin_date = open_documents.origin_date
            and coming.payee = 'vendor:' || open_documents.party_id
            and open_documents.side = 'payable'
            and greatest(open_documents.expected_date, open_documents.origin_date) between coming.expected_date - 12 and coming.expected_date + 12
    left join payroll on coming.business_id = payroll.business_id
    where coming.kind != 'payroll' or payroll.business_id is null or coming.origin_date < coming.as_of_date
)

select
    undated.business_id,
    undated.as_of_date,
    undated.origin_date,
    undated.payee,
    undated.kind,
    false as is_set,
    undated.cadence_days,
    undated.last_date,
    undated.expected_date,
    undated.amount
from undated
where undated.expected_date <= undated.origin_date + 91

union all

select
    paydays.business_id,
    paydays.as_of_date,
    paydays.origin_date,
    'payroll' as payee,
    'payroll' as kind,
    true as is_set,
    paydays.cadence_days,
    cast(null as date) as last_date,
    paydays.expected_date,
    paydays.amount
from paydays
where paydays.expected_date > paydays.origin_date and paydays.expected_date <= paydays.origin_date + 91
