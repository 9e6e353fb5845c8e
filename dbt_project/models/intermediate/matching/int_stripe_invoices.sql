{{ config(materialized='table') }}

with matches as (
    select * from {{ ref('int_matches') }}
    -- A proposal is not known to be one invoice.
    where pair = 'invoice' and tier = 'auto'
),

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
    where not is_deleted
),

ledger as (
    select * from {{ ref('int_invoices') }}
),

payments as (
    select * from {{ ref('stg_stripe__invoice_payments') }}
    where not is_deleted and status = 'paid'
),

asked as (
    {{ charged_invoices() }}
),

charges as (
    select * from {{ ref('int_money_events') }}
    where role = 'charge'
),

last_payments as (
    select
        payments.business_id,
        payments.connection_id,
        payments.invoice_id,
        max(payments.paid_at) as paid_at
    from payments
    group by payments.business_id, payments.connection_id, payments.invoice_id
),

-- Stripe's invoice stays paid when its money is given back or called back.
given_back as (
    select
        asked.business_id,
        asked.connection_id,
        asked.invoice_id
    from asked
    inner join charges
        on
            asked.business_id = charges.business_id
            and asked.connection_id = charges.account_id
            and asked.charge_id = charges.record_id
    group by asked.business_id, asked.connection_id, asked.invoice_id
    having bool_and(charges.is_undone)
),

told as (
    select
        matches.business_id,
        invoices.connection_id,
        invoices.rail,
        matches.left_id as stripe_invoice_id,
        matches.right_id as qbo_invoice_id,
        matches.match_id,
        invoices.change_id,
        invoices.status as stripe_status,
        ledger.status as ledger_status,
        case
            when invoices.status = 'uncollectible' then invoices.status
            when given_back.invoice_id is not null then null
            when invoices.status = 'paid' then invoices.status
            when invoices.status = 'open' and invoices.remaining_amount < invoices.total_amount then 'partly_paid'
            when invoices.status = 'open' then 'open'
        end as collection_status,
        -- Money is multiplied by it, so it is no float. What a customer owed from before can leave more open than the invoice comes to.
        try_cast(
            case
                when given_back.invoice_id is not null then null
                when invoices.remaining_amount > invoices.total_amount then 0
                else (invoices.total_amount - invoices.remaining_amount) / nullif(invoices.total_amount, 0)
            end as decimal(18, 16)
        ) as paid_share,
        coalesce(
            case invoices.status
                when 'paid' then invoices.paid_at
                when 'uncollectible' then invoices.uncollectible_at
                else coalesce(last_payments.paid_at, invoices.finalized_at)
            end,
            invoices.synced_at
        ) as stated_at,
        invoices.synced_at
    from matches
    inner join invoices
        on
            matches.business_id = invoices.business_id
            and matches.left_id = invoices.record_id
    inner join ledger
        on
            matches.business_id = ledger.business_id
            and matches.right_id = ledger.record_id
    left join last_payments
        on
            invoices.business_id = last_payments.business_id
            and invoices.connection_id = last_payments.connection_id
            and invoices.record_id = last_payments.invoice_id
    left join given_back
        on
            invoices.business_id = given_back.business_id
            and invoices.connection_id = given_back.connection_id
            and invoices.record_id = given_back.invoice_id
),

judged as (
    select
        told.*,
        -- Customers pay beside Stripe too, so that its word counts only where the ledger has not come as far.
        told.collection_status is not null
        and told.ledger_status not in ('deleted', 'voided')
        and {{ invoice_progress('told.collection_status') }} > {{ invoice_progress('told.ledger_status') }} as is_stripes_word
    from told
)

select
    judged.business_id,
    judged.connection_id,
    judged.rail,
    judged.stripe_invoice_id,
    judged.qbo_invoice_id,
    judged.match_id,
    judged.change_id,
    judged.stripe_status,
    judged.collection_status,
    judged.is_stripes_word,
    judged.is_stripes_word and judged.collection_status = 'paid' as is_collected,
    judged.is_stripes_word and judged.collection_status = 'uncollectible' as is_given_up,
    -- How much of it was paid there of which the ledger knows nothing.
    cast(case
        when not judged.is_stripes_word then 0
        when judged.collection_status = 'paid' then 1
        when judged.collection_status = 'partly_paid' or judged.ledger_status = 'open' then coalesce(judged.paid_share, 0)
        else 0
    end as decimal(18, 16)) as collected_share,
    judged.stated_at,
    judged.synced_at
from judged
