{{ config(materialized='table') }}

with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

policy as (
    select * from {{ ref('runway_policy') }}
),

cash_accounts as (
    select * from {{ ref('int_cash_accounts') }}
),

ledger_balances as (
    select * from {{ ref('int_ledger_balances') }}
),

bank_sources as (
    select * from {{ ref('int_bank_sources') }}
),

reserves as (
    select * from {{ ref('stg_control__reserves') }}
),

burn as (
    select * from {{ ref('int_burn') }}
),

payables as (
    select * from {{ ref('int_ap_open_documents') }}
),

receivables as (
    select * from {{ ref('int_ar_open_documents') }}
),

payroll as (
    select * from {{ ref('int_payroll') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

-- A balance that cannot be read makes the whole sum unknown; one without exchange rate is left out and named.
cash as (
    select
        cash_accounts.business_id,
        case when count(*) = count(cash_accounts.balance_amount) then sum(cash_accounts.home_balance_amount) end as cash,
        count(*) > count(cash_accounts.balance_amount) as is_unreadable,
        any_value(cash_accounts.rail) as cash_source,
        string_agg(distinct cash_accounts.currency, ',' order by cash_accounts.currency)
        filter (cash_accounts.home_balance_amount is null and cash_accounts.balance_amount is not null) as excluded_currencies
    from cash_accounts
    group by cash_accounts.business_id
),

-- What the ledger has more than the bank; unknown where either side is.
cash_gaps as (
    select
        bank_sources.business_id,
        case
            when count(*) = count(ledger_balances.balance_amount)
                then sum(ledger_balances.home_balance_amount) - any_value(bank_sources.bank_cash)
        end as cash_gap
    from bank_sources
    inner join ledger_balances on bank_sources.business_id = ledger_balances.business_id
    where bank_sources.is_cash_usable
    group by bank_sources.business_id
),

reserved as (
    select
        calendar.business_id,
        sum(reserves.amount) as reserved
    from calendar
    inner join reserves
        on
            calendar.business_id = reserves.business_id
            and reserves.active_from <= calendar.as_of_date
            and (reserves.active_until is null or reserves.active_until >= calendar.as_of_date)
    group by calendar.business_id
),

-- Credits are no bills: they lower the ledger's total in the aging, not what falls due here.
ap as (
    select
        payables.business_id,
        sum(payables.open_amount) as ap_open,
        sum(payables.open_amount)
        filter (payables.due_date is null or payables.due_date <= payables.as_of_date + policy.payable_horizon_days) as ap_30,
        sum(payables.open_amount) filter (payables.days_past_due > 0) as overdue_ap_amount,
        string_agg(distinct payables.original_currency, ',' order by payables.original_currency)
        filter (payables.open_amount is null) as excluded_currencies
    from payables
    cross join policy
    where payables.document_type = 'bill'
    group by payables.business_id
),

-- An invoice without due date is as old as its own date.
ar as (
    select
        receivables.business_id,
        sum(receivables.open_amount) as ar_open,
        sum(receivables.open_amount) filter (
            coalesce(receivables.days_past_due, receivables.as_of_date - receivables.txn_date, 0) <= policy.receivable_horizon_days
        ) as ar_expected,
        sum(receivables.open_amount) filter (receivables.days_past_due > 0) as overdue_ar_amount,
        string_agg(distinct receivables.original_currency, ',' order by receivables.original_currency)
        filter (receivables.open_amount is null) as excluded_currencies
    from receivables
    cross join policy
    where receivables.document_type = 'invoice'
    group by receivables.business_id
),

-- What customers have paid or been credited and nobody has applied: their invoices are among what is expected all the same.
ar_credits as (
    select
        receivables.business_id,
        -sum(receivables.open_amount) as amount,
        string_agg(distinct receivables.original_currency, ',' order by receivables.original_currency)
        filter (receivables.open_amount is null) as excluded_currencies
    from receivables
    where receivables.document_type != 'invoice'
    group by receivables.business_id
)

select
    calendar.business_id,
    calendar.as_of_date,
    calendar.run_at,
    calendar.home_currency as currency,
    {{ money('cash.cash') }} as cash,
    case when cash.cash is not null then cash.cash_source end as cash_source,
    case
        when cash.business_id is null then 'no_cash_account'
        when cash.is_unreadable then 'unreadable_balance'
        when cash.cash is null then 'no_exchange_rate'
    end as cash_null_reason,
    {{ money('cash_gaps.cash_gap') }} as cash_gap,
    {{ money('coalesce(reserved.reserved, 0)') }} as reserved,
    burn.flow_source,
    burn.first_transaction_date,
    burn.observed_days,
    burn.outflow_90,
    burn.inflow_90,
    burn.undated_outflow_90,
    burn.gross_burn,
    burn.net_burn,
    {{ money('coalesce(ap.ap_open, 0)') }} as ap_open,
    {{ money('coalesce(ap.ap_30, 0)') }} as ap_30,
    {{ money('coalesce(ap.overdue_ap_amount, 0)') }} as overdue_ap_amount,
    {{ money('coalesce(ar.ar_open, 0)') }} as ar_open,
    {{ money('coalesce(ar.ar_expected, 0)') }} as ar_expected,
    {{ money('case when ar_credits.business_id is null then 0 else ar_credits.amount end') }} as ar_credits,
    {{ money('coalesce(ar.overdue_ar_amount, 0)') }} as overdue_ar_amount,
    nullif(array_to_string(list_sort(list_distinct(string_split(concat_ws(
        ',',
        cash.excluded_currencies,
        burn.excluded_currencies,
        ap.excluded_currencies,
        ar.excluded_currencies,
        ar_credits.excluded_currencies
    ), ','))), ','), '') as excluded_currencies,
    payroll.payroll_amount,
    payroll.next_payroll_date as payroll_next_date,
    payroll.payroll_interval_days,
    coalesce(calendar.critical_days, policy.critical_days) as critical_days,
    coalesce(calendar.warning_days, policy.warning_days) as warning_days,
    coalesce(calendar.healthy_days, policy.healthy_days) as healthy_days,
    rail_health.rails_used,
    rail_health.degraded_rails,
    rail_health.max_input_age_minutes,
    rail_health.freshness_state,
    rail_health.synced_at
from calendar
cross join policy
inner join rail_health on calendar.business_id = rail_health.business_id
inner join burn on calendar.business_id = burn.business_id
left join payroll on calendar.business_id = payroll.business_id
left join cash on calendar.business_id = cash.business_id
left join cash_gaps on calendar.business_id = cash_gaps.business_id
left join reserved on calendar.business_id = reserved.business_id
left join ap on calendar.business_id = ap.business_id
left join ar on calendar.business_id = ar.business_id
left join ar_credits on calendar.business_id = ar_credits.business_id
