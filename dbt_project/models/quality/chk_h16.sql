with bills as (
    select * from {{ ref('int_ledger_bills') }}
    where is_open
),

paying_bills as (
    select * from {{ ref('stg_ramp__bills') }}
    where not is_deleted and not is_draft and not is_archived and status is distinct from 'PAID'
),

-- Where one names the other, or a person said that they are one, they are linked. What is paid there already is a matter of H27.
unlinked as (
    select
        matches.business_id,
        matches.right_id as bill_id,
        paying_bills.record_id,
        paying_bills.total_amount,
        paying_bills.currency,
        paying_bills.document_number
    from {{ ref('int_matches') }} as matches
    inner join paying_bills
        on
            matches.business_id = paying_bills.business_id
            and matches.left_id = paying_bills.record_id
    where matches.pair = 'bill' and matches.rule not in ('linked', 'verdict')
)

select
    bills.business_id,
    bills.rail,
    'bills' as entity,
    bills.record_id,
    unlinked.record_id as unlinked_bill_id,
    coalesce(bills.vendor_name, 'bill') || ', ' || {{ shown_amount('bills.total_amount', 'bills.currency') }} || ' dated '
    || {{ shown_date('bills.txn_date') }}
    || coalesce(
        ', in the payment service as ' || coalesce(unlinked.document_number, 'a bill') || ' of '
        || {{ shown_amount('cast(unlinked.total_amount as decimal(18, 2))', 'unlinked.currency') }},
        ''
    ) as observed,
    {{ money('case when unlinked.record_id is not null then bills.home_open_amount end') }} as impact_amount
from bills
left join unlinked
    on
        bills.business_id = unlinked.business_id
        and bills.record_id = unlinked.bill_id
