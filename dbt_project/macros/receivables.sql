{#-
  Money that customers owe and pay, as Stripe and the ledger have it, in the columns of `int_money_events`: charges beside
  the ledger's payments and sales receipts, invoices beside the ledger's. Beside the other columns: `party_key`, who it is
  in the customer map; `purpose`, `invoice` where it is for one; `is_undone`, given back or called back.

  What is in another currency than the account's is compared by what it came to there: the balance transaction of a charge
  says it exactly, and the rate it names is an invoice's.
-#}
{% macro receivable_events() -%}
    with customers as (
        select * from {{ ref('int_party_map') }}
        where party_kind = 'customer'
    ),

    asked as (
        {{ charged_invoices() }}
    ),

    undone as (
        select distinct
            disputes.business_id,
            disputes.connection_id,
            disputes.charge_id
        from {{ ref('stg_stripe__disputes') }} as disputes
        where not disputes.is_deleted and (disputes.status = 'lost' or disputes.reason = 'duplicate')
    ),

    charges as (
        select
            charges.*,
            booked.amount as booked_amount,
            booked.currency as booked_currency,
            booked.exchange_rate
        from {{ ref('stg_stripe__charges') }} as charges
        left join {{ ref('stg_stripe__balance_transactions') }} as booked
            on
                charges.business_id = booked.business_id
                and charges.connection_id = booked.connection_id
                and charges.balance_transaction_id = booked.record_id
        where not charges.is_deleted and charges.status = 'succeeded' and charges.is_captured is distinct from false
    ),

    rates as (
        select
            asked.business_id,
            asked.connection_id,
            asked.invoice_id,
            max(charges.exchange_rate) as exchange_rate,
            max(charges.booked_currency) as booked_currency
        from asked
        inner join charges
            on
                asked.business_id = charges.business_id
                and asked.connection_id = charges.connection_id
                and asked.charge_id = charges.record_id
        group by asked.business_id, asked.connection_id, asked.invoice_id
        having min(charges.exchange_rate) = max(charges.exchange_rate)
    ),

    told as (
        select
            charges.business_id,
            'charge' as role,
            'stripe' as rail,
            'charges' as entity,
            charges.record_id,
            charges.customer_id as party_id,
            charges.connection_id as account_id,
            cast({{ utc('charges.created_at') }} as date) as event_date,
            coalesce(charges.booked_amount, charges.amount) as amount,
            upper(coalesce(charges.booked_currency, charges.currency)) as currency,
            charges.record_id as reference,
            charges.billing_name as text,
            case when asked.charge_id is not null then 'invoice' else 'none' end as purpose,
            coalesce(charges.is_refunded, false) or undone.charge_id is not null as is_undone,
            charges.change_id,
            charges.synced_at
        from charges
        left join (
            select distinct
                asked.business_id,
                asked.connection_id,
                asked.charge_id
            from asked
        ) as asked
            on
                charges.business_id = asked.business_id
                and charges.connection_id = asked.connection_id
                and charges.record_id = asked.charge_id
        left join undone
            on
                charges.business_id = undone.business_id
                and charges.connection_id = undone.connection_id
                and charges.record_id = undone.charge_id

        union all

        select
            invoices.business_id,
            'stripe_invoice' as role,
            'stripe' as rail,
            'invoices' as entity,
            invoices.record_id,
            invoices.customer_id as party_id,
            cast(null as varchar) as account_id,
            -- One that revises another stands for the ledger's invoice as that one did, however much later it was made.
            cast({{ utc(
                'coalesce(revised.finalized_at, revised.created_at, invoices.finalized_at, invoices.created_at)'
            ) }} as date) as event_date,
            case
                when rates.exchange_rate is null then invoices.total_amount
                else {{ money('cast(invoices.total_amount as decimal(38, 3)) * rates.exchange_rate') }}
            end as amount,
            upper(case when rates.exchange_rate is null then invoices.currency else rates.booked_currency end) as currency,
            invoices.document_number as reference,
            invoices.customer_name as text,
            'none' as purpose,
            false as is_undone,
            invoices.change_id,
            invoices.synced_at
        from {{ ref('stg_stripe__invoices') }} as invoices
        left join rates
            on
                invoices.business_id = rates.business_id
                and invoices.connection_id = rates.connection_id
                and invoices.record_id = rates.invoice_id
        left join {{ ref('stg_stripe__invoices') }} as revised
            on
                invoices.business_id = revised.business_id
                and invoices.connection_id = revised.connection_id
                and invoices.revised_invoice_id = revised.record_id
        where not invoices.is_deleted and invoices.status not in ('draft', 'void')

        union all

        select
            payments.business_id,
            'ledger_receipt' as role,
            'qbo' as rail,
            'payments' as entity,
            payments.record_id,
            payments.customer_id as party_id,
            payments.deposit_account_id as account_id,
            payments.txn_date as event_date,
            payments.total_amount as amount,
            payments.currency,
            payments.reference_number as reference,
            payments.customer_name as text,
            case when payments.total_amount > coalesce(payments.unapplied_amount, 0) then 'invoice' else 'none' end as purpose,
            false as is_undone,
            payments.change_id,
            payments.synced_at
        from {{ ref('stg_qbo__payments') }} as payments
        where not payments.is_deleted and not payments.is_voided

        union all

        select
            receipts.business_id,
            'ledger_receipt' as role,
            'qbo' as rail,
            'sales_receipts' as entity,
            receipts.record_id,
            receipts.customer_id as party_id,
            receipts.deposit_account_id as account_id,
            receipts.txn_date as event_date,
            receipts.total_amount as amount,
            receipts.currency,
            receipts.document_number as reference,
            receipts.customer_name as text,
            'none' as purpose,
            false as is_undone,
            receipts.change_id,
            receipts.synced_at
        from {{ ref('stg_qbo__sales_receipts') }} as receipts
        where not receipts.is_deleted and not receipts.is_voided

        union all

        select
            invoices.business_id,
            'ledger_invoice' as role,
            'qbo' as rail,
            'invoices' as entity,
            invoices.record_id,
            invoices.customer_id as party_id,
            cast(null as varchar) as account_id,
            invoices.txn_date as event_date,
            invoices.total_amount as amount,
            invoices.currency,
            invoices.document_number as reference,
            invoices.customer_name as text,
            'none' as purpose,
            false as is_undone,
            invoices.change_id,
            invoices.synced_at
        from {{ ref('stg_qbo__invoices') }} as invoices
        where not invoices.is_deleted and not invoices.is_voided
    )

    select
        told.*,
        customers.party_key
    from told
    left join customers
        on
            told.business_id = customers.business_id
            and told.rail = customers.rail
            and told.party_id = customers.party_id
{%- endmacro %}


{#- Which invoice which charge pays: (business_id, connection_id, invoice_id, charge_id); only the payment between them knows. -#}
{% macro charged_invoices() -%}
    select distinct
        payments.business_id,
        payments.connection_id,
        payments.invoice_id,
        coalesce(payments.charge_id, intents.latest_charge_id) as charge_id
    from {{ ref('stg_stripe__invoice_payments') }} as payments
    left join {{ ref('stg_stripe__payment_intents') }} as intents
        on
            payments.business_id = intents.business_id
            and payments.connection_id = intents.connection_id
            and payments.payment_intent_id = intents.record_id
    where not payments.is_deleted
{%- endmacro %}
