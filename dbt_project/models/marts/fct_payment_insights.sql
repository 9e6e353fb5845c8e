with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

credits as (
    select * from {{ ref('int_customer_credits') }}
),

customers as (
    select * from {{ ref('stg_qbo__customers') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

billed as (
    select * from {{ ref('int_customer_invoices') }}
),

charges as (
    select * from {{ ref('int_customer_charges') }}
),

habits as (
    select
        billed.business_id,
        billed.customer_id,
        any_value(billed.as_of_date) as as_of_date,
        {{ known_total('billed.home_total_amount', 'billed.txn_date > billed.as_of_date - 90') }} as invoiced_90_amount,
        {{ known_total('billed.home_total_amount', 'billed.txn_date > billed.as_of_date - 365') }} as invoiced_365_amount,
        {{ known_total('billed.home_open_amount', 'billed.is_open') }} as open_amount,
        {{ known_total('billed.home_open_amount', 'billed.is_overdue') }} as overdue_amount,
        count(*) filter (billed.is_overdue and billed.home_open_amount > 0) as overdue_count,
        min(billed.due_date) filter (billed.is_overdue and billed.home_open_amount > 0) as oldest_due_date,
        {{ known_total('billed.collected_amount', 'billed.is_overdue and (billed.is_paid_on_stripe or billed.collected_amount > 0)') }}
            as overdue_paid_amount,
        count(*) filter (billed.is_overdue and billed.home_open_amount > 0 and billed.is_paid_on_stripe) as overdue_paid_count,
        coalesce(sum(billed.credited_amount), 0) as overdue_credited_amount,
        count(*) filter (billed.asked_amount = 0 and not billed.is_paid_on_stripe and not billed.is_given_up) as overdue_credited_count,
        {{ known_total('billed.given_up_amount', 'billed.is_given_up') }} as overdue_uncollectible_amount,
        count(*) filter (billed.home_open_amount > 0 and billed.is_given_up) as overdue_uncollectible_count,
        count(*) filter (
            billed.is_overdue and billed.is_without_rate and not billed.is_paid_on_stripe and not billed.is_given_up
        ) as overdue_without_rate_count,
        list(distinct billed.currency) filter (
            billed.is_overdue and billed.is_without_rate and not billed.is_paid_on_stripe and not billed.is_given_up
        ) as overdue_excluded_currencies,
        min(billed.due_date) filter (billed.is_overdue and billed.asked_amount is distinct from 0) as oldest_unpaid_due_date,
        list(distinct billed.currency) filter (
            billed.is_without_rate and (billed.is_open or billed.txn_date > billed.as_of_date - 365)
        ) as excluded_currencies,
        count(billed.days_to_pay) as paid_count,
        quantile_disc(billed.days_to_pay, 0.5) as days_to_pay,
        quantile_disc(billed.days_late, 0.5) as days_late,
        count(*) filter (billed.days_late > 0) as late_count
    from billed
    group by billed.business_id, billed.customer_id
),

cards as (
    select
        charges.business_id,
        charges.customer_id,
        sum(charges.charged_amount) as charged_amount,
        sum(charges.refunded_amount) as refunded_amount,
        sum(charges.fee_amount) as fee_amount,
        sum(charges.dispute_count) as dispute_count,
        sum(charges.disputed_amount) as disputed_amount,
        max(charges.synced_at) as synced_at
    from charges
    group by charges.business_id, charges.customer_id
),

measured as (
    select
        habits.*,
        cards.charged_amount,
        cards.refunded_amount,
        cards.fee_amount,
        cards.dispute_count,
        cards.disputed_amount,
        case when credits.business_id is null then 0 else credits.unapplied_amount end as unapplied_amount,
        case when credits.business_id is null then 0 else credits.credit_amount end as credit_amount,
        nullif(array_to_string(list_sort(list_distinct(
            coalesce(habits.excluded_currencies, []) || coalesce(credits.excluded_currencies, [])
        )), ','), '') as all_excluded_currencies,
        case
            when cards.business_id is not null or habits.overdue_paid_count + habits.overdue_uncollectible_count > 0 then 'qbo,stripe'
            else 'qbo'
        end as rails_used,
        sum(habits.open_amount) over (partition by habits.business_id) as business_open_amount,
        sum(habits.invoiced_90_amount) over (partition by habits.business_id) as business_invoiced_90_amount
    from habits
    left join cards
        on
            habits.business_id = cards.business_id
            and habits.customer_id = cards.customer_id
    left join credits
        on
            habits.business_id = credits.business_id
            and habits.customer_id = credits.customer_id
)

select
    measured.business_id,
    measured.customer_id,
    customers.customer_name,
    customers.email as customer_email,
    calendar.home_currency as currency,
    {{ money('measured.invoiced_90_amount') }} as invoiced_90_amount,
    {{ money('measured.invoiced_365_amount') }} as invoiced_365_amount,
    {{ money('measured.open_amount') }} as open_amount,
    {{ money('measured.unapplied_amount') }} as unapplied_amount,
    {{ money('measured.credit_amount') }} as credit_amount,
    {{ money('measured.overdue_amount') }} as overdue_amount,
    measured.overdue_count,
    measured.oldest_due_date,
    {{ money('measured.overdue_paid_amount') }} as overdue_paid_amount,
    measured.overdue_paid_count,
    {{ money('measured.overdue_credited_amount') }} as overdue_credited_amount,
    measured.overdue_credited_count,
    {{ money('measured.overdue_uncollectible_amount') }} as overdue_uncollectible_amount,
    measured.overdue_uncollectible_count,
    measured.overdue_without_rate_count,
    nullif(array_to_string(list_sort(coalesce(measured.overdue_excluded_currencies, [])), ','), '') as overdue_excluded_currencies,
    measured.oldest_unpaid_due_date,
    measured.all_excluded_currencies as excluded_currencies,
    {{ days_of('measured.open_amount', 'measured.invoiced_90_amount', '90') }} as dso_days,
    {{ days_of('measured.business_open_amount', 'measured.business_invoiced_90_amount', '90') }} as business_dso_days,
    measured.paid_count,
    cast(measured.days_to_pay as integer) as days_to_pay,
    cast(measured.days_late as integer) as days_late,
    measured.late_count,
    {{ money('coalesce(measured.charged_amount, 0)') }} as charged_amount,
    {{ money('coalesce(measured.fee_amount, 0)') }} as fee_amount,
    {{ money('coalesce(measured.refunded_amount, 0)') }} as refunded_amount,
    cast(coalesce(measured.dispute_count, 0) as bigint) as dispute_count,
    {{ money('coalesce(measured.disputed_amount, 0)') }} as disputed_amount,
    measured.as_of_date,
    measured.rails_used,
    {{ degraded_among('measured.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('rail_health.synced_at') }} as synced_at
from measured
inner join calendar on measured.business_id = calendar.business_id
inner join rail_health on measured.business_id = rail_health.business_id
left join customers
    on
        measured.business_id = customers.business_id
        and measured.customer_id = customers.record_id
