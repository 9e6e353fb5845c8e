{{ config(materialized='table') }}

{%- set difference = '(abs(buckets.mirror_amount - buckets.ledger_amount), buckets.bucket)' %}

with reports as (
    select * from {{ ref('int_aging_reports') }}
    where report_date is not null
),

lines as (
    select * from {{ ref('stg_qbo__aged_report_lines') }}
),

payables as (
    select * from {{ ref('int_ap_open_documents') }}
),

receivables as (
    select * from {{ ref('int_ar_open_documents') }}
),

bills as (
    select * from {{ ref('stg_qbo__bills') }}
),

vendor_credits as (
    select * from {{ ref('stg_qbo__vendor_credits') }}
),

bill_payments as (
    select * from {{ ref('stg_qbo__bill_payments') }}
),

bill_payment_lines as (
    select * from {{ ref('stg_qbo__bill_payment_lines') }}
),

invoices as (
    select * from {{ ref('stg_qbo__invoices') }}
),

credit_memos as (
    select * from {{ ref('stg_qbo__credit_memos') }}
),

payments as (
    select * from {{ ref('stg_qbo__payments') }}
),

payment_lines as (
    select * from {{ ref('stg_qbo__payment_lines') }}
),

vendors as (
    select * from {{ ref('stg_qbo__vendors') }}
),

customers as (
    select * from {{ ref('stg_qbo__customers') }}
),

open_items as (
    {{ open_at_report(
        'payable', 'payables', 'bills', 'vendor_credits', 'bill_payment_lines', party='vendor',
        document_type='bill', bill_link='Bill', credit_link='VendorCredit',
    ) }}

    union all

    {{ open_at_report(
        'receivable', 'receivables', 'invoices', 'credit_memos', 'payment_lines', party='customer',
        document_type='invoice', bill_link='Invoice', credit_link='CreditMemo',
    ) }}
),

mirrored as (
    select
        open_items.business_id,
        open_items.side,
        coalesce(open_items.party_id, '') as party_id,
        {{ aging_bucket('coalesce(reports.report_date - open_items.aged_from, 0)') }} as bucket,
        bool_or(open_items.amount is null) as has_unvalued,
        sum(open_items.amount) as amount
    from open_items
    inner join reports
        on
            open_items.business_id = reports.business_id
            and open_items.side = reports.side
    group by
        open_items.business_id,
        open_items.side,
        coalesce(open_items.party_id, ''),
        {{ aging_bucket('coalesce(reports.report_date - open_items.aged_from, 0)') }}
),

reported as (
    select
        lines.business_id,
        lines.side,
        coalesce(lines.party_id, '') as party_id,
        lines.bucket,
        any_value(lines.party_name) as party_name,
        sum(lines.amount) as amount
    from lines
    where not lines.is_grand_total and lines.bucket != 'total'
    group by lines.business_id, lines.side, coalesce(lines.party_id, ''), lines.bucket
),

buckets as (
    select
        coalesce(reported.business_id, mirrored.business_id) as business_id,
        coalesce(reported.side, mirrored.side) as side,
        coalesce(reported.party_id, mirrored.party_id) as party_id,
        coalesce(reported.bucket, mirrored.bucket) as bucket,
        reported.party_name,
        coalesce(mirrored.has_unvalued, false) as has_unvalued,
        coalesce(reported.amount, 0) as ledger_amount,
        coalesce(mirrored.amount, 0) as mirror_amount
    from reported
    full outer join mirrored
        on
            reported.business_id = mirrored.business_id
            and reported.side = mirrored.side
            and reported.party_id = mirrored.party_id
            and reported.bucket = mirrored.bucket
),

names as (
    select
        vendors.business_id,
        'payable' as side,
        vendors.record_id as party_id,
        vendors.vendor_name as party_name
    from vendors

    union all

    select
        customers.business_id,
        'receivable' as side,
        customers.record_id as party_id,
        customers.customer_name as party_name
    from customers
),

changes as (
    {{ changes_of_parties('payable', 'vendors', 'vendor', ['bills', 'vendor_credits', 'bill_payments']) }}

    union all

    {{ changes_of_parties('receivable', 'customers', 'customer', ['invoices', 'credit_memos', 'payments']) }}
),

newest_changes as (
    select
        changes.business_id,
        changes.side,
        coalesce(changes.party_id, '') as party_id,
        max(changes.source_updated_at) as newest_change_at
    from changes
    group by changes.business_id, changes.side, coalesce(changes.party_id, '')
),

parties as (
    select
        buckets.business_id,
        buckets.side,
        buckets.party_id,
        any_value(buckets.party_name) as party_name,
        bool_or(buckets.has_unvalued) as has_unvalued,
        sum(buckets.ledger_amount) as ledger_amount,
        sum(buckets.mirror_amount) as mirror_amount,
        sum(abs(buckets.mirror_amount - buckets.ledger_amount)) as bucket_differences,
        arg_max(buckets.bucket, {{ difference }}) as worst_bucket,
        arg_max(buckets.ledger_amount, {{ difference }}) as worst_ledger_amount,
        arg_max(buckets.mirror_amount, {{ difference }}) as worst_mirror_amount
    from buckets
    group by buckets.business_id, buckets.side, buckets.party_id
)

select
    parties.business_id,
    reports.rail,
    parties.side,
    parties.party_id,
    coalesce(parties.party_name, names.party_name) as party_name,
    reports.report_date,
    reports.reported_at,
    reports.home_currency as currency,
    {{ money('parties.ledger_amount') }} as ledger_amount,
    {{ money('parties.mirror_amount') }} as mirror_amount,
    {{ money('parties.mirror_amount - parties.ledger_amount') }} as difference_amount,
    {{ money('(parties.bucket_differences - abs(parties.mirror_amount - parties.ledger_amount)) / 2') }} as misaged_amount,
    parties.worst_bucket,
    {{ money('parties.worst_ledger_amount') }} as worst_ledger_amount,
    {{ money('parties.worst_mirror_amount') }} as worst_mirror_amount,
    case
        when parties.has_unvalued then 'no_exchange_rate'
        when parties.bucket_differences = 0 then 'ties'
        -- To the second on both sides: what changed in the report's own second may be in it or not.
        when newest_changes.newest_change_at >= reports.reported_at then 'report_older_than_books'
        else 'differs'
    end as status,
    reports.report_state,
    reports.synced_at
from parties
inner join reports
    on
        parties.business_id = reports.business_id
        and parties.side = reports.side
left join names
    on
        parties.business_id = names.business_id
        and parties.side = names.side
        and parties.party_id = names.party_id
left join newest_changes
    on
        parties.business_id = newest_changes.business_id
        and parties.side = newest_changes.side
        and parties.party_id = newest_changes.party_id
