{{ config(materialized='table') }}

{#- Documents of the ledger that move money: table, the account it is on, its amount into the account, its number, its text, the
    vendor it is paid to. -#}
{%- set ledger_documents = [
    ('bill_payments', 'coalesce(documents.bank_account_id, documents.card_account_id)', '-documents.total_amount',
        'documents.document_number', 'documents.vendor_name', 'documents.vendor_id'),
    ('purchases', 'documents.account_id', 'documents.total_amount * (case when documents.is_credit then 1 else -1 end)',
        'documents.document_number', 'coalesce(documents.payee_name, documents.private_note)',
        "case when coalesce(documents.payee_type, 'Vendor') = 'Vendor' then documents.payee_id end"),
    ('payments', 'documents.deposit_account_id', 'documents.total_amount', 'documents.reference_number', 'documents.customer_name', none),
    ('sales_receipts', 'documents.deposit_account_id', 'documents.total_amount', 'documents.document_number', 'documents.customer_name', none),
    ('refund_receipts', 'documents.account_id', '-documents.total_amount', 'documents.document_number', 'documents.customer_name', none),
    ('deposits', 'documents.account_id', 'documents.total_amount', 'documents.document_number', 'documents.private_note', none),
] -%}

with ledger_accounts as (
    select * from {{ ref('int_ledger_accounts') }}
    where is_bank or is_card
),

sides as (
    select unnest(['from', 'to']) as leg
),

ledger_documents as (
    {%- for entity, account, amount, reference, text, vendor in ledger_documents %}
    select
        documents.business_id,
        '{{ entity }}' as entity,
        documents.record_id,
        '' as leg,
        {{ account }} as account_id,
        documents.txn_date as event_date,
        {{ amount }} as amount,
        documents.currency,
        {{ reference }} as reference,
        {{ text }} as text,
        {{ vendor or 'cast(null as varchar)' }} as vendor_id,
        documents.change_id,
        documents.synced_at
    from {{ ref('stg_qbo__' ~ entity) }} as documents
    where not documents.is_deleted and not documents.is_voided

    union all
    {% endfor %}
    -- A transfer moves money on two accounts.
    select
        documents.business_id,
        'transfers' as entity,
        documents.record_id,
        sides.leg,
        case sides.leg when 'from' then documents.from_account_id else documents.to_account_id end as account_id,
        documents.txn_date as event_date,
        documents.total_amount * (case sides.leg when 'from' then -1 else 1 end) as amount,
        documents.currency,
        cast(null as varchar) as reference,
        documents.private_note as text,
        cast(null as varchar) as vendor_id,
        documents.change_id,
        documents.synced_at
    from {{ ref('stg_qbo__transfers') }} as documents
    cross join sides
    where not documents.is_deleted and not documents.is_voided

    union all

    select
        documents.business_id,
        'journal_entries' as entity,
        documents.record_id,
        lines.account_id as leg,
        lines.account_id,
        documents.txn_date as event_date,
        sum(lines.amount * (case lines.posting_type when 'Debit' then 1 else -1 end)) as amount,
        documents.currency,
        documents.document_number as reference,
        any_value(lines.description) as text,
        cast(null as varchar) as vendor_id,
        documents.change_id,
        documents.synced_at
    from {{ ref('stg_qbo__journal_entries') }} as documents
    inner join {{ ref('stg_qbo__journal_entry_lines') }} as lines
        on
            documents.business_id = lines.business_id
            and documents.record_id = lines.journal_entry_id
    where not documents.is_deleted and not documents.is_voided
    group by all
),

-- A bill that was taken back from Ramp is often entered there anew, under the same number and link, and the ledger's is that one:
-- the former one is its own only where the ledger has withdrawn it too, so that nothing is paid on it.
paying_bills as (
    select bills.*
    from {{ ref('stg_ramp__bills') }} as bills
    left join {{ ref('stg_qbo__bills') }} as withdrawn
        on
            bills.business_id = withdrawn.business_id
            and bills.qbo_bill_id = withdrawn.record_id
            and withdrawn.is_voided
    where
        not bills.is_deleted
        and not bills.is_draft
        and (not bills.is_archived or withdrawn.record_id is not null)
),

told as (
    select
        documents.business_id,
        'ledger_money' as role,
        'qbo' as rail,
        documents.entity,
        documents.record_id,
        documents.leg,
        documents.account_id,
        case when accounts.is_card then 'card' else 'bank' end as account_key,
        documents.event_date,
        documents.amount,
        documents.currency,
        documents.reference,
        cast(null as varchar) as linked_id,
        documents.text,
        documents.vendor_id,
        documents.account_id as own_account,
        documents.change_id,
        documents.synced_at
    from ledger_documents as documents
    inner join ledger_accounts as accounts
        on
            documents.business_id = accounts.business_id
            and documents.account_id = accounts.account_id

    union all

    select
        transactions.business_id,
        'bank' as role,
        'plaid' as rail,
        'transactions' as entity,
        transactions.record_id,
        '' as leg,
        transactions.account_id,
        case transactions.account_type when 'credit' then 'card' else 'bank' end as account_key,
        transactions.posted_date as event_date,
        transactions.amount,
        transactions.currency,
        transactions.check_number as reference,
        cast(null as varchar) as linked_id,
        transactions.description as text,
        case when transactions.amount < 0 and transactions.check_number is null then {{ bank_party_id('transactions') }} end as vendor_id,
        transactions.current_account_id as own_account,
        transactions.change_id,
        transactions.synced_at
    from {{ ref('int_bank_transactions') }} as transactions

    union all

    -- Ramp names itself in what it draws; whom it pays with that, the bank does not know.
    select
        transfers.business_id,
        'ramp_money' as role,
        'ramp' as rail,
        'transfers' as entity,
        transfers.record_id,
        '' as leg,
        cast(null as varchar) as account_id,
        'bank' as account_key,
        cast({{ utc('transfers.created_at') }} as date) as event_date,
        -transfers.amount as amount,
        transfers.currency,
        cast(null as varchar) as reference,
        cast(null as varchar) as linked_id,
        'RAMP' as text,
        cast(null as varchar) as vendor_id,
        cast(null as varchar) as own_account,
        transfers.change_id,
        transfers.synced_at
    from {{ ref('stg_ramp__transfers') }} as transfers
    where not transfers.is_deleted and coalesce(transfers.status, '') not in {{ unmoved_transfers() }}

    union all

    select
        reimbursements.business_id,
        'ramp_money' as role,
        'ramp' as rail,
        'reimbursements' as entity,
        reimbursements.record_id,
        '' as leg,
        cast(null as varchar) as account_id,
        'bank' as account_key,
        coalesce(reimbursements.transaction_date, cast({{ utc('reimbursements.created_at') }} as date)) as event_date,
        reimbursements.amount * (case reimbursements.direction when 'USER_TO_BUSINESS' then 1 else -1 end) as amount,
        reimbursements.currency,
        cast(null as varchar) as reference,
        cast(null as varchar) as linked_id,
        'RAMP' as text,
        cast(null as varchar) as vendor_id,
        cast(null as varchar) as own_account,
        reimbursements.change_id,
        reimbursements.synced_at
    from {{ ref('stg_ramp__reimbursements') }} as reimbursements
    where not reimbursements.is_deleted and coalesce(reimbursements.state, '') not in {{ unmoved_reimbursements() }}

    union all

    select
        payouts.business_id,
        'payout' as role,
        'stripe' as rail,
        'payouts' as entity,
        payouts.record_id,
        '' as leg,
        payouts.destination_id as account_id,
        'bank' as account_key,
        cast({{ utc('payouts.arrival_at') }} as date) as event_date,
        payouts.amount,
        upper(payouts.currency) as currency,
        cast(null as varchar) as reference,
        cast(null as varchar) as linked_id,
        'STRIPE' as text,
        cast(null as varchar) as vendor_id,
        cast(null as varchar) as own_account,
        payouts.change_id,
        payouts.synced_at
    from {{ ref('stg_stripe__payouts') }} as payouts
    where not payouts.is_deleted and payouts.status not in ('failed', 'canceled')

    union all

    select
        bills.business_id,
        'ramp_bill' as role,
        'ramp' as rail,
        'bills' as entity,
        bills.record_id,
        '' as leg,
        cast(null as varchar) as account_id,
        cast(null as varchar) as account_key,
        coalesce(bills.issued_date, cast({{ utc('bills.created_at') }} as date)) as event_date,
        bills.total_amount as amount,
        bills.currency,
        bills.document_number as reference,
        bills.qbo_bill_id as linked_id,
        bills.vendor_name as text,
        bills.vendor_id,
        cast(null as varchar) as own_account,
        bills.change_id,
        bills.synced_at
    from paying_bills as bills

    union all

    select
        bills.business_id,
        'ledger_bill' as role,
        'qbo' as rail,
        'bills' as entity,
        bills.record_id,
        '' as leg,
        cast(null as varchar) as account_id,
        cast(null as varchar) as account_key,
        bills.txn_date as event_date,
        bills.total_amount as amount,
        bills.currency,
        bills.document_number as reference,
        cast(null as varchar) as linked_id,
        bills.vendor_name as text,
        bills.vendor_id,
        cast(null as varchar) as own_account,
        bills.change_id,
        bills.synced_at
    from {{ ref('stg_qbo__bills') }} as bills
    where not bills.is_deleted
),

receivables as (
    {{ receivable_events() }}
),

all_events as (
    select * from told

    union all by name

    select * exclude (party_id) from receivables
)

select
    told.business_id,
    concat_ws(':', told.role, told.entity, told.record_id, coalesce(told.leg, '')) as event_id,
    told.role,
    told.rail,
    told.entity,
    told.record_id,
    nullif(told.leg, '') as leg,
    told.account_id,
    told.account_key,
    told.event_date,
    cast(told.amount as decimal(18, 2)) as amount,
    told.currency,
    told.reference,
    told.linked_id,
    told.text,
    told.vendor_id,
    told.party_key,
    told.own_account,
    told.purpose,
    coalesce(told.is_undone, false) as is_undone,
    told.change_id,
    told.synced_at
from all_events as told
where told.event_date is not null and told.amount is not null
