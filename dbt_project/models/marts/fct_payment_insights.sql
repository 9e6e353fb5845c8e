with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

invoices as (
    select * from {{ ref('int_invoices') }}
    where not is_deleted and not is_voided
),

overdue as (
    select * from {{ ref('int_overdue_invoices') }}
),

credits as (
    select * from {{ ref('int_customer_credits') }}
),

customers as (
    select * from {{ ref('stg_qbo__customers') }}
),

payment_lines as (
    select * from {{ ref('stg_qbo__payment_lines') }}
    where linked_txn_type = 'Invoice' and not is_deleted and not is_voided
),

charges as (
    select * from {{ ref('stg_stripe__charges') }}
    where not is_deleted and is_paid
),

balance_transactions as (
    select * from {{ ref('stg_stripe__balance_transactions') }}
    where not is_deleted
),

disputes as (
    select * from {{ ref('stg_stripe__disputes') }}
    where not is_deleted
),

parties as (
    select * from {{ ref('int_party_map') }}
    where party_kind = 'customer'
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

settled as (
    select
        payment_lines.business_id,
        payment_lines.linked_txn_id as invoice_id,
        max(payment_lines.txn_date) as paid_date
    from payment_lines
    group by payment_lines.business_id, payment_lines.linked_txn_id
),

-- An invoice is paid on the day of the payment that settled it; how long it took tells of habits of the last year alone.
billed as (
    select
        invoices.business_id,
        invoices.customer_id,
        invoices.as_of_date,
        invoices.currency,
        invoices.home_total_amount,
        invoices.home_open_amount,
        invoices.is_without_rate,
        invoices.is_open,
        invoices.due_date,
        invoices.txn_date,
        overdue.record_id is not null as is_overdue,
        coalesce(overdue.is_paid_on_stripe, false) as is_paid_on_stripe,
        case when overdue.is_paid_on_stripe then invoices.home_open_amount else overdue.collected_amount end as collected_amount,
        overdue.credited_amount,
        overdue.asked_amount,
        case when not invoices.is_open and settled.paid_date > invoices.as_of_date - 365 then settled.paid_date - invoices.txn_date end
            as days_to_pay,
        case when not invoices.is_open and settled.paid_date > invoices.as_of_date - 365 then settled.paid_date - invoices.due_date end
            as days_late
    from invoices
    left join settled
        on
            invoices.business_id = settled.business_id
            and invoices.record_id = settled.invoice_id
    left join overdue
        on
            invoices.business_id = overdue.business_id
            and invoices.record_id = overdue.record_id
    where invoices.customer_id is not null
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
        count(*) filter (billed.asked_amount = 0 and not billed.is_paid_on_stripe) as overdue_credited_count,
        count(*) filter (billed.is_overdue and billed.is_without_rate and not billed.is_paid_on_stripe) as overdue_without_rate_count,
        list(distinct billed.currency) filter (
            billed.is_overdue and billed.is_without_rate and not billed.is_paid_on_stripe
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

-- Stripe's customers by the ledger's, where the map knows them as one.
linked as (
    select
        stripe.business_id,
        stripe.party_id as stripe_customer_id,
        min(ledger.party_id) as customer_id
    from parties as stripe
    inner join parties as ledger
        on
            stripe.business_id = ledger.business_id
            and stripe.party_key = ledger.party_key
            and ledger.is_ledger
    where stripe.rail = 'stripe'
    group by stripe.business_id, stripe.party_id
),

fees as (
    select
        balance_transactions.business_id,
        balance_transactions.connection_id,
        balance_transactions.source_id,
        sum(balance_transactions.fee_amount) as fee_amount
    from balance_transactions
    group by balance_transactions.business_id, balance_transactions.connection_id, balance_transactions.source_id
),

disputed as (
    select
        disputes.business_id,
        disputes.connection_id,
        disputes.charge_id,
        count(*) as dispute_count,
        sum(disputes.amount) as disputed_amount
    from disputes
    group by disputes.business_id, disputes.connection_id, disputes.charge_id
),

-- Card payments of the last year, in home currency alone: nothing here is added up across currencies.
cards as (
    select
        charges.business_id,
        linked.customer_id,
        sum(charges.captured_amount) as charged_amount,
        sum(charges.refunded_amount) as refunded_amount,
        sum(fees.fee_amount) as fee_amount,
        sum(disputed.dispute_count) as dispute_count,
        sum(disputed.disputed_amount) as disputed_amount,
        max(charges.synced_at) as synced_at
    from charges
    inner join calendar
        on
            charges.business_id = calendar.business_id
            and upper(charges.currency) = calendar.home_currency
            and cast({{ utc('charges.created_at') }} as date) > calendar.as_of_date - 365
    inner join linked
        on
            charges.business_id = linked.business_id
            and charges.customer_id = linked.stripe_customer_id
    left join fees
        on
            charges.business_id = fees.business_id
            and charges.connection_id = fees.connection_id
            and charges.record_id = fees.source_id
    left join disputed
        on
            charges.business_id = disputed.business_id
            and charges.connection_id = disputed.connection_id
            and charges.record_id = disputed.charge_id
    group by charges.business_id, linked.customer_id
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
        case when cards.business_id is not null or habits.overdue_paid_count > 0 then 'qbo,stripe' else 'qbo' end as rails_used,
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
