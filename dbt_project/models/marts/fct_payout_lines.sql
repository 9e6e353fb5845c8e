with movements as (
    select * from {{ ref('stg_stripe__payout_transactions') }}
    -- The payout itself is in its own list.
    where not is_deleted and not coalesce(transaction_type = 'payout' and source_id = payout_id, false)
),

charges as (
    select * from {{ ref('stg_stripe__charges') }}
),

refunds as (
    select * from {{ ref('stg_stripe__refunds') }}
),

disputes as (
    select * from {{ ref('stg_stripe__disputes') }}
),

invoices as (
    select * from {{ ref('stg_stripe__invoices') }}
),

asked as (
    {{ charged_invoices() }}
),

invoice_of as (
    select
        asked.business_id,
        asked.connection_id,
        asked.charge_id,
        min(asked.invoice_id) as invoice_id,
        count(*) as invoice_count
    from asked
    where asked.charge_id is not null
    group by asked.business_id, asked.connection_id, asked.charge_id
),

customers as (
    select * from {{ ref('customer_map') }}
    where rail = 'stripe'
),

matches as (
    select * from {{ ref('fct_match') }}
    where pair in ('charge', 'invoice') and tier = 'auto'
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

-- Types and categories: Stripe's API reference, balance transactions, and its guide to reporting categories.
lines as (
    select
        movements.*,
        case
            when movements.transaction_type in ('charge', 'payment') then 'charge'
            when
                movements.transaction_type in (
                    'refund', 'payment_refund', 'refund_failure', 'payment_failure_refund', 'payment_reversal'
                ) then 'refund'
            when movements.reporting_category in ('dispute', 'dispute_reversal') then 'dispute'
            when movements.reporting_category in ('fee', 'network_cost', 'tax') then 'fee'
            else 'adjustment'
        end as line_kind,
        coalesce(refunds.charge_id, disputes.charge_id, sources.record_id) as charge_id
    from movements
    left join charges as sources
        on
            movements.business_id = sources.business_id
            and movements.connection_id = sources.connection_id
            and movements.source_id = sources.record_id
    left join refunds
        on
            movements.business_id = refunds.business_id
            and movements.connection_id = refunds.connection_id
            and movements.source_id = refunds.record_id
    left join disputes
        on
            movements.business_id = disputes.business_id
            and movements.connection_id = disputes.connection_id
            and movements.source_id = disputes.record_id
),

told as (
    select
        lines.*,
        charges.customer_id,
        coalesce(customers.canonical_name, charges.billing_name) as customer_name,
        customers.customer_key,
        invoice_of.invoice_id,
        invoices.document_number as invoice_number,
        coalesce(invoice_of.invoice_count, 0) as invoice_count,
        receipts.right_entity as ledger_receipt_entity,
        receipts.right_id as ledger_receipt_id,
        ledger_invoices.right_id as ledger_invoice_id,
        case when coalesce(receipts.right_id, ledger_invoices.right_id) is null then 'stripe' else 'qbo,stripe' end as rails_used
    from lines
    left join charges
        on
            lines.business_id = charges.business_id
            and lines.connection_id = charges.connection_id
            and lines.charge_id = charges.record_id
    left join customers
        on
            charges.business_id = customers.business_id
            and charges.customer_id = customers.rail_customer_id
    left join invoice_of
        on
            lines.business_id = invoice_of.business_id
            and lines.connection_id = invoice_of.connection_id
            and lines.charge_id = invoice_of.charge_id
    left join invoices
        on
            invoice_of.business_id = invoices.business_id
            and invoice_of.connection_id = invoices.connection_id
            and invoice_of.invoice_id = invoices.record_id
    left join matches as receipts
        on
            lines.business_id = receipts.business_id
            and lines.charge_id = receipts.left_id
            and receipts.pair = 'charge'
    left join matches as ledger_invoices
        on
            invoice_of.business_id = ledger_invoices.business_id
            and invoice_of.invoice_id = ledger_invoices.left_id
            and ledger_invoices.pair = 'invoice'
)

select
    told.business_id,
    told.payout_id,
    told.balance_transaction_id,
    told.line_kind,
    told.reporting_category,
    told.description,
    told.amount,
    told.fee_amount,
    told.net_amount,
    upper(told.currency) as currency,
    {{ utc('told.created_at') }} as moved_at,
    told.source_id,
    told.charge_id,
    told.customer_id,
    told.customer_key,
    told.customer_name,
    told.invoice_id,
    told.invoice_number,
    cast(told.invoice_count as integer) as invoice_count,
    told.ledger_receipt_entity,
    told.ledger_receipt_id,
    told.ledger_invoice_id,
    told.rails_used,
    {{ degraded_among('told.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('told.synced_at') }} as synced_at
from told
inner join rail_health on told.business_id = rail_health.business_id
