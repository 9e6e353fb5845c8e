with bills as (
    select * from {{ ref('int_bills') }}
),

invoices as (
    select * from {{ ref('int_invoices') }}
),

cash_accounts as (
    select * from {{ ref('int_cash_accounts') }}
),

foreign_records as (
    select
        bills.business_id,
        bills.rail,
        'bills' as entity,
        bills.record_id,
        not bills.is_without_rate as has_rate,
        bills.open_amount as amount,
        bills.currency
    from bills
    where bills.is_open and bills.currency != bills.home_currency

    union all

    select
        invoices.business_id,
        invoices.rail,
        'invoices' as entity,
        invoices.record_id,
        not invoices.is_without_rate as has_rate,
        invoices.open_amount as amount,
        invoices.currency
    from invoices
    where invoices.is_open and invoices.currency != invoices.home_currency

    union all

    select
        cash_accounts.business_id,
        cash_accounts.rail,
        'accounts' as entity,
        cash_accounts.account_id as record_id,
        cash_accounts.home_balance_amount is not null or cash_accounts.balance_amount is null as has_rate,
        cash_accounts.balance_amount as amount,
        cash_accounts.currency
    from cash_accounts
    where cash_accounts.currency != cash_accounts.home_currency
)

select
    foreign_records.business_id,
    foreign_records.rail,
    foreign_records.entity,
    foreign_records.record_id,
    foreign_records.has_rate,
    {{ shown_amount('foreign_records.amount', 'foreign_records.currency') }}
    || case when foreign_records.has_rate then '' else ' without an exchange rate' end as observed,
    cast(null as decimal(18, 2)) as impact_amount
from foreign_records
