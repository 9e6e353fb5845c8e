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
