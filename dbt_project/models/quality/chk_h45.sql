with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

expense_lines as (
    select * from {{ ref('int_expense_lines') }}
    where {{ within_days('txn_date', 31) }}
),

names as (
    select list(uncategorised.name_part) as parts
    from {{ ref('hygiene_uncategorised_names') }} as uncategorised
),

documents as (
    select
        bills.business_id,
        'bills' as entity,
        bills.record_id,
        bills.currency,
        bills.exchange_rate
    from {{ ref('stg_qbo__bills') }} as bills
    where {{ within_days('bills.txn_date', 31) }}

    union all

    select
        purchases.business_id,
        'purchases' as entity,
        purchases.record_id,
        purchases.currency,
        purchases.exchange_rate
    from {{ ref('stg_qbo__purchases') }} as purchases
    where {{ within_days('purchases.txn_date', 31) }}
),

-- Of a credit or a refund the value counts as much as of an expense; what has no exchange rate is H43's.
valued as (
    select
        expense_lines.business_id,
        calendar.home_currency,
        coalesce(documents.currency, calendar.home_currency) as line_currency,
        abs({{ home_amount('expense_lines.amount', 'line_currency', 'calendar.home_currency', 'documents.exchange_rate') }}) as amount,
        expense_lines.account_id is null
        or {{ is_uncategorised_name('expense_lines.account_name', 'names.parts') }} as is_uncategorised
    from expense_lines
    inner join calendar on expense_lines.business_id = calendar.business_id
    cross join names
    inner join documents
        on
            expense_lines.business_id = documents.business_id
            and expense_lines.entity = documents.entity
            and expense_lines.record_id = documents.record_id
    where
        expense_lines.txn_date > calendar.as_of_date - cast({{ hygiene_threshold('H45', 'window_days') }} as integer)
        and expense_lines.txn_date <= calendar.as_of_date
),

summed as (
    select
        valued.business_id,
        any_value(valued.home_currency) as home_currency,
        sum(valued.amount) as amount,
        coalesce(sum(valued.amount) filter (valued.is_uncategorised), 0) as uncategorised_amount
    from valued
    group by valued.business_id
    having sum(valued.amount) > 0
)

select
    summed.business_id,
    'qbo' as rail,
    'businesses' as entity,
    summed.business_id as record_id,
    {{ money('summed.uncategorised_amount') }} as uncategorised_amount,
    {{ money('(1 - ' ~ hygiene_threshold('H45', 'min_share') ~ ') * summed.amount') }} as allowed_amount,
    {{ shown_amount(money('summed.uncategorised_amount'), 'summed.home_currency') }} || ' of the last 30 days not yet sorted' as observed,
    {{ money('summed.uncategorised_amount') }} as impact_amount
from summed
