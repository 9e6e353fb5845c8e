with payables as (
    select * from {{ ref('int_ap_open_documents') }}
),

receivables as (
    select * from {{ ref('int_ar_open_documents') }}
),

accounts as (
    select * from {{ ref('stg_qbo__accounts') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

reports as (
    select * from {{ ref('int_aging_reports') }}
),

tie_out as (
    select * from {{ ref('int_aging_tie_out') }}
),

-- Compared in the currency of the documents, so that no exchange rate can hide or make a difference.
aging as (
    select
        payables.business_id,
        'Accounts Payable' as account_type,
        payables.original_currency as currency,
        sum(payables.original_open_amount) as amount
    from payables
    where payables.rail != 'user'
    group by payables.business_id, payables.original_currency

    union all

    select
        receivables.business_id,
        'Accounts Receivable' as account_type,
        receivables.original_currency as currency,
        sum(receivables.original_open_amount) as amount
    from receivables
    group by receivables.business_id, receivables.original_currency
),

-- The ledger states what is owed to others as a negative balance.
ledger as (
    select
        accounts.business_id,
        accounts.account_type,
        coalesce(accounts.currency, calendar.home_currency) as currency,
        sum(case accounts.account_type when 'Accounts Payable' then -accounts.current_balance else accounts.current_balance end) as amount
    from accounts
    inner join calendar on accounts.business_id = calendar.business_id
    where accounts.account_type in ('Accounts Payable', 'Accounts Receivable') and not accounts.is_deleted
    group by accounts.business_id, accounts.account_type, coalesce(accounts.currency, calendar.home_currency)
),

compared as (
    select
        coalesce(aging.business_id, ledger.business_id) as business_id,
        coalesce(aging.account_type, ledger.account_type) as account_type,
        coalesce(aging.currency, ledger.currency) as currency,
        {{ money('coalesce(aging.amount, 0)') }} as aging_amount,
        {{ money('ledger.amount') }} as ledger_amount
    from aging
    full outer join ledger
        on
            aging.business_id = ledger.business_id
            and aging.account_type = ledger.account_type
            and aging.currency = ledger.currency
)

select
    compared.business_id,
    'qbo' as rail,
    'accounts' as entity,
    compared.account_type || ' ' || compared.currency as record_id,
    compared.aging_amount,
    compared.ledger_amount,
    'open documents ' || {{ shown_amount('compared.aging_amount', 'compared.currency') }} || ', ledger '
    || {{ shown_amount('compared.ledger_amount', 'compared.currency') }} as observed,
    {{ money('abs(compared.aging_amount - coalesce(compared.ledger_amount, 0))') }} as impact_amount
from compared

union all

-- Party by party against the ledger's own aged report: the whole, or where that ties the age that does not.
select
    tie_out.business_id,
    tie_out.rail,
    case tie_out.side when 'payable' then 'vendors' else 'customers' end as entity,
    coalesce(nullif(tie_out.party_id, ''), 'none') as record_id,
    case when tie_out.difference_amount = 0 then tie_out.worst_mirror_amount else tie_out.mirror_amount end as aging_amount,
    case when tie_out.difference_amount = 0 then tie_out.worst_ledger_amount else tie_out.ledger_amount end as ledger_amount,
    case
        when tie_out.difference_amount = 0
            then
                'open ' || tie_out.worst_bucket || ' ' || {{ shown_amount('tie_out.worst_mirror_amount', 'tie_out.currency') }}
                || ', the ledger''s report of ' || tie_out.report_date || ' '
                || {{ shown_amount('tie_out.worst_ledger_amount', 'tie_out.currency') }}
        else
            'open documents ' || {{ shown_amount('tie_out.mirror_amount', 'tie_out.currency') }}
            || ', the ledger''s report of ' || tie_out.report_date || ' '
            || {{ shown_amount('tie_out.ledger_amount', 'tie_out.currency') }}
    end as observed,
    {{ money('abs(tie_out.difference_amount) + tie_out.misaged_amount') }} as impact_amount
from tie_out
where tie_out.report_state = 'comparable' and tie_out.status in ('ties', 'differs')

union all

-- A report that holds nothing says nothing: where our records have something open, that cannot be all.
select
    reports.business_id,
    reports.rail,
    reports.entity,
    reports.record_id,
    {{ money('sum(tie_out.mirror_amount)') }} as aging_amount,
    cast(null as decimal(18, 2)) as ledger_amount,
    'open documents ' || {{ shown_amount('sum(tie_out.mirror_amount)', 'any_value(reports.home_currency)') }}
    || ', the ledger''s report of ' || any_value(reports.report_date) || ' holds no data' as observed,
    {{ money('sum(abs(tie_out.mirror_amount))') }} as impact_amount
from reports
inner join tie_out
    on
        reports.business_id = tie_out.business_id
        and reports.side = tie_out.side
where reports.report_state = 'report_without_data' and tie_out.mirror_amount != 0
group by reports.business_id, reports.rail, reports.entity, reports.record_id
