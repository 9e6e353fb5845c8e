with payouts as (
    select
        payouts.*,
        cast({{ utc('payouts.arrival_at') }} as date) as arrival_date,
        concat_ws(':', 'payout', 'payouts', payouts.record_id, '') as payout_event
    from {{ ref('stg_stripe__payouts') }} as payouts
    where not payouts.is_deleted
),

lines as (
    select * from {{ ref('fct_payout_lines') }}
),

-- A payout's list is kept whole or not at all, and the payout itself is in it.
listed as (
    select distinct
        movements.business_id,
        movements.payout_id
    from {{ ref('stg_stripe__payout_transactions') }} as movements
    where not movements.is_deleted
),

events as (
    select * from {{ ref('int_money_events') }}
),

matches as (
    select * from {{ ref('int_matches') }}
),

assigned as (
    select * from {{ ref('int_match_assigned') }}
),

candidates as (
    select * from {{ ref('int_match_candidates') }}
    where pair = 'booking' and is_exact
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

sums as (
    select
        lines.business_id,
        lines.payout_id,
        coalesce(sum(lines.amount) filter (lines.line_kind = 'charge'), 0) as charge_amount,
        sum(lines.fee_amount) - coalesce(sum(lines.amount) filter (lines.line_kind = 'fee'), 0) as fee_amount,
        -coalesce(sum(lines.amount) filter (lines.line_kind = 'refund'), 0) as refund_amount,
        -coalesce(sum(lines.amount) filter (lines.line_kind = 'dispute'), 0) as dispute_amount,
        coalesce(sum(lines.amount) filter (lines.line_kind = 'adjustment'), 0) as adjustment_amount,
        count(*) filter (lines.line_kind = 'charge') as charge_count,
        count(*) filter (lines.line_kind = 'fee') as fee_count,
        count(*) filter (lines.line_kind = 'refund') as refund_count,
        count(*) filter (lines.line_kind = 'dispute') as dispute_count,
        count(*) filter (lines.line_kind = 'adjustment') as adjustment_count
    from lines
    group by lines.business_id, lines.payout_id
),

-- Stripe names the account it pays out to by an id that no bank has.
bank_seen as (
    select * from {{ ref('int_bank_seen') }}
    where account_id = 'any'
),

banked as (
    select
        matches.business_id,
        matches.left_event as payout_event,
        matches.right_event as bank_event,
        matches.right_id as bank_transaction_id,
        events.account_id as bank_account_id,
        events.event_date as bank_date,
        matches.synced_at
    from matches
    inner join events
        on
            matches.business_id = events.business_id
            and matches.right_event = events.event_id
    where matches.pair = 'bank_payout'
    -- A person may have said that the bank paid it in two.
    qualify row_number() over (partition by matches.business_id, matches.left_event order by events.event_date desc, matches.right_id asc) = 1
),

unclear as (
    select distinct
        assigned.business_id,
        assigned.left_event as payout_event
    from assigned
    where assigned.pair = 'bank_payout' and assigned.is_ambiguous
),

-- Two that could as well be exchanged book one payout each, whichever is which.
chosen as (
    select
        matches.business_id,
        matches.left_event,
        matches.right_event
    from matches
    where matches.pair = 'booking'

    union

    select
        assigned.business_id,
        assigned.left_event,
        assigned.right_event
    from assigned
    where assigned.pair = 'booking' and assigned.is_ambiguous
),

-- Documents of exactly the payout's amount, unless they stand for another payout or another transaction of the bank. What stands for
-- none books one of several payouts of its amount, the nearest.
booked as (
    select
        candidates.business_id,
        candidates.left_event as payout_event,
        docs.entity,
        docs.record_id,
        docs.event_date,
        docs.synced_at,
        chosen.left_event is not null as is_chosen
    from candidates
    inner join events as docs
        on
            candidates.business_id = docs.business_id
            and candidates.right_event = docs.event_id
    left join chosen
        on
            candidates.business_id = chosen.business_id
            and candidates.right_event = chosen.right_event
    left join matches as moved
        on
            candidates.business_id = moved.business_id
            and candidates.right_event = moved.left_event
            and moved.pair = 'bank_ledger'
    left join banked
        on
            candidates.business_id = banked.business_id
            and candidates.left_event = banked.payout_event
    where
        coalesce(chosen.left_event = candidates.left_event, true)
        and coalesce(moved.right_event = banked.bank_event, moved.right_event is null)
    qualify row_number() over (
        partition by candidates.business_id, candidates.right_event
        order by abs(candidates.lag_days) asc, candidates.lag_days desc, candidates.left_event asc
    ) = 1
),

numbered as (
    select
        booked.*,
        row_number() over (
            partition by booked.business_id, booked.payout_event
            order by booked.is_chosen desc, booked.event_date asc, booked.entity asc, booked.record_id asc
        ) as booking_no
    from booked
),

bookings as (
    select
        numbered.business_id,
        numbered.payout_event,
        max(numbered.entity) filter (numbered.booking_no = 1) as ledger_entity,
        max(numbered.record_id) filter (numbered.booking_no = 1) as ledger_id,
        max(numbered.event_date) filter (numbered.booking_no = 1) as ledger_date,
        max(numbered.entity) filter (numbered.booking_no = 2) as second_ledger_entity,
        max(numbered.record_id) filter (numbered.booking_no = 2) as second_ledger_id,
        max(numbered.event_date) filter (numbered.booking_no = 2) as second_ledger_date,
        count(*) as booking_count,
        min(numbered.synced_at) as synced_at
    from numbered
    group by numbered.business_id, numbered.payout_event
),

added_up as (
    select
        payouts.business_id,
        payouts.connection_id,
        payouts.record_id as payout_id,
        payouts.status,
        payouts.is_automatic,
        payouts.arrival_date,
        payouts.amount as payout_amount,
        upper(payouts.currency) as currency,
        payouts.synced_at,
        listed.payout_id is not null as is_listed,
        sums.charge_amount,
        sums.fee_amount,
        sums.refund_amount,
        sums.dispute_amount,
        sums.adjustment_amount,
        sums.charge_count,
        sums.fee_count,
        sums.refund_count,
        sums.dispute_count,
        sums.adjustment_count,
        sums.charge_amount - sums.fee_amount - sums.refund_amount - sums.dispute_amount + sums.adjustment_amount as net_amount,
        banked.bank_transaction_id,
        banked.bank_account_id,
        banked.bank_date,
        bookings.ledger_entity,
        bookings.ledger_id,
        bookings.ledger_date,
        bookings.second_ledger_entity,
        bookings.second_ledger_id,
        bookings.second_ledger_date,
        bookings.booking_count,
        least(banked.synced_at, bookings.synced_at) as others_synced_at,
        unclear.payout_event is not null as is_unclear,
        coalesce(
            payouts.status = 'paid'
            and payouts.arrival_date >= bank_seen.seen_from
            and payouts.arrival_date + cast({{ hygiene_threshold('H31', 'max_days') }} as integer)
            < {{ bank_asked_until('calendar.as_of_date', 'bank_seen.seen_until') }}
            and unclear.payout_event is null,
            false
        ) as is_due_in_bank,
        concat_ws(
            ',',
            case when bank_seen.seen_from is not null then 'plaid' end,
            'qbo',
            'stripe'
        ) as rails_used
    from payouts
    inner join calendar on payouts.business_id = calendar.business_id
    left join listed
        on
            payouts.business_id = listed.business_id
            and payouts.record_id = listed.payout_id
    left join sums
        on
            payouts.business_id = sums.business_id
            and payouts.record_id = sums.payout_id
    left join bank_seen on payouts.business_id = bank_seen.business_id
    left join banked
        on
            payouts.business_id = banked.business_id
            and payouts.payout_event = banked.payout_event
    left join unclear
        on
            payouts.business_id = unclear.business_id
            and payouts.payout_event = unclear.payout_event
    left join bookings
        on
            payouts.business_id = bookings.business_id
            and payouts.payout_event = bookings.payout_event
)

select
    added_up.business_id,
    added_up.payout_id,
    added_up.connection_id as account_id,
    added_up.status,
    added_up.is_automatic,
    added_up.arrival_date,
    case
        when added_up.status in ('failed', 'canceled') then 'came_back'
        when added_up.net_amount != added_up.payout_amount then 'does_not_add_up'
        when added_up.booking_count > 1 then 'booked_twice'
        when added_up.bank_transaction_id is null and added_up.is_due_in_bank then 'missing_in_bank'
        when added_up.booking_count = 1 then 'booked'
        when added_up.bank_transaction_id is not null or added_up.is_unclear then 'in_bank'
        when added_up.status = 'paid' and not contains(added_up.rails_used, 'plaid') then 'paid_out'
        else 'in_transit'
    end as state,
    added_up.payout_amount,
    try_cast(added_up.charge_amount as decimal(18, 3)) as charge_amount,
    try_cast(added_up.fee_amount as decimal(18, 3)) as fee_amount,
    try_cast(added_up.refund_amount as decimal(18, 3)) as refund_amount,
    try_cast(added_up.dispute_amount as decimal(18, 3)) as dispute_amount,
    try_cast(added_up.adjustment_amount as decimal(18, 3)) as adjustment_amount,
    try_cast(added_up.net_amount as decimal(18, 3)) as net_amount,
    try_cast(added_up.payout_amount - added_up.net_amount as decimal(18, 3)) as difference_amount,
    case
        when added_up.is_listed then cast(null as varchar)
        when added_up.is_automatic is false then 'manual_payout'
        else 'transactions_not_read'
    end as null_reason,
    added_up.currency,
    cast(added_up.charge_count as integer) as charge_count,
    cast(added_up.fee_count as integer) as fee_count,
    cast(added_up.refund_count as integer) as refund_count,
    cast(added_up.dispute_count as integer) as dispute_count,
    cast(added_up.adjustment_count as integer) as adjustment_count,
    added_up.bank_transaction_id,
    added_up.bank_account_id,
    added_up.bank_date,
    added_up.is_due_in_bank,
    added_up.ledger_entity,
    added_up.ledger_id,
    added_up.ledger_date,
    added_up.second_ledger_entity,
    added_up.second_ledger_id,
    added_up.second_ledger_date,
    cast(coalesce(added_up.booking_count, 0) as integer) as booking_count,
    added_up.rails_used,
    {{ degraded_among('added_up.rails_used', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('least(added_up.synced_at, added_up.others_synced_at)') }} as synced_at
from added_up
inner join rail_health on added_up.business_id = rail_health.business_id
