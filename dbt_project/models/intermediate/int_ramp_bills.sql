with bills as (
    select * from {{ ref('stg_ramp__bills') }}
),

-- Linked only by the ledger's own id that Ramp was told. Of several bills under one id the one not taken back says most,
-- then the one that changed last.
linked as (
    select bills.*
    from bills
    where
        not bills.is_deleted
        and not bills.is_draft
        and nullif(bills.qbo_bill_id, '') is not null
    qualify row_number() over (
        partition by bills.business_id, bills.qbo_bill_id
        order by bills.is_archived asc, bills.synced_at desc, bills.record_id asc
    ) = 1
)

select
    linked.business_id,
    linked.connection_id,
    linked.rail,
    linked.record_id as ramp_bill_id,
    linked.qbo_bill_id,
    linked.change_id,
    linked.status as ramp_status,
    lower(linked.approval_status) as approval_status,
    -- An archived bill was taken back from Ramp, which then has no say. A payment with a date is on its way until the bill
    -- is paid.
    case
        when linked.is_archived then null
        when linked.status = 'PAID' then 'paid'
        when linked.approval_status in ('REJECTED', 'TERMINATED') then 'rejected'
        when linked.payment_date is not null then 'in_flight'
        when linked.approval_status in ('PENDING', 'INITIALIZED') then 'pending_approval'
        when linked.status = 'OPEN' then 'open'
    end as execution_status,
    linked.payment_date,
    linked.paid_at,
    linked.synced_at
from linked
