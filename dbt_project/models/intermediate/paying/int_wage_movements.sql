{{ config(materialized='table') }}

{#- Wages are what is booked as an expense on a payroll account; paying over what was withheld is payroll too, but has a rhythm of its
    own. Where a business has set its payroll and books nothing there, the series of payments of that amount and rhythm is its payroll:
    it would count twice otherwise, as set and as seen. Of a series that the bank tells, what the ledger has of the same money (a move
    to a clearing account) is the other side, so that whoever counts by the ledger knows it too and nobody counts both. -#}

with calendar as (
    select * from {{ ref('int_business_calendar') }}
),

accounts as (
    select * from {{ ref('int_ledger_accounts') }}
    where is_payroll and is_expense
),

ledger_movements as (
    select * from {{ ref('int_cash_movements') }}
    where direction = 'out' and {{ within_days('movement_date', 430) }}
),

bank_movements as (
    select * from {{ ref('int_bank_movements') }}
    where direction = 'out' and movement_kind = 'external' and {{ within_days('movement_date', 430) }}
),

bank_sources as (
    select * from {{ ref('int_bank_sources') }}
    where is_flow_usable
),

matches as (
    select * from {{ ref('int_matches') }}
    where pair = 'bank_ledger' and tier = 'auto'
),

wage_records as (
    {%- for entity, lines, key in [
        ('journal_entries', 'stg_qbo__journal_entry_lines', 'journal_entry_id'), ('purchases', 'stg_qbo__purchase_lines', 'purchase_id'),
    ] %}
    select distinct
        lines.business_id,
        '{{ entity }}' as entity,
        lines.{{ key }} as record_id
    from {{ ref(lines) }} as lines
    inner join accounts
        on
            lines.business_id = accounts.business_id
            and lines.account_id = accounts.account_id
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
),

booked as (
    select
        ledger_movements.business_id,
        ledger_movements.rail,
        ledger_movements.entity,
        ledger_movements.record_id,
        ledger_movements.movement_date,
        ledger_movements.amount
    from ledger_movements
    semi join wage_records
        on
            ledger_movements.business_id = wage_records.business_id
            and ledger_movements.entity = wage_records.entity
            and ledger_movements.record_id = wage_records.record_id
),

-- What is set and has nothing booked that could be it.
unbooked as (
    select
        calendar.business_id,
        calendar.as_of_date,
        calendar.payroll_amount,
        calendar.payroll_next_date,
        calendar.payroll_interval_days
    from calendar
    anti join booked
        on
            calendar.business_id = booked.business_id
            and booked.movement_date > calendar.as_of_date - 100
            and booked.movement_date <= calendar.as_of_date
    where calendar.payroll_amount > 0 and calendar.payroll_next_date is not null
),

-- The ledger says best whom money went to; where it has no such series the bank's names are asked.
payments as (
    select
        ledger_movements.business_id,
        1 as source_rank,
        ledger_movements.rail,
        ledger_movements.entity,
        ledger_movements.record_id,
        coalesce(ledger_movements.party_type || ':' || ledger_movements.party_id, ledger_movements.entity || ':' || ledger_movements.amount)
            as payee,
        ledger_movements.movement_date,
        ledger_movements.amount
    from ledger_movements
    where not ledger_movements.is_card

    union all

    select
        bank_movements.business_id,
        2 as source_rank,
        bank_movements.rail,
        bank_movements.entity,
        bank_movements.record_id,
        bank_movements.party_name as payee,
        bank_movements.movement_date,
        bank_movements.amount
    from bank_movements
    semi join bank_sources on bank_movements.business_id = bank_sources.business_id
),

paid as (
    select
        unbooked.*,
        payments.source_rank,
        payments.payee,
        payments.movement_date,
        sum(payments.amount) as amount
    from unbooked
    inner join payments
        on
            unbooked.business_id = payments.business_id
            and payments.movement_date > unbooked.as_of_date - 200
            and payments.movement_date <= unbooked.as_of_date
    where payments.payee is not null and payments.amount is not null
    group by all
),

gaps as (
    select
        paid.*,
        cast(paid.movement_date - lag(paid.movement_date) over (payee_days order by paid.movement_date asc) as integer) as gap_days,
        row_number() over (payee_days order by paid.movement_date desc) as recency
    from paid
    window payee_days as (partition by paid.business_id, paid.source_rank, paid.payee)
),

rhythms as (
    select
        gaps.business_id,
        gaps.source_rank,
        gaps.payee,
        any_value(gaps.payroll_amount) as payroll_amount,
        any_value(gaps.payroll_interval_days) as payroll_interval_days,
        max(gaps.movement_date) as last_date,
        quantile_disc(gaps.amount, 0.5) filter (gaps.recency <= 3) as usual_amount,
        quantile_disc(gaps.gap_days, 0.5) as usual_gap,
        any_value(gaps.payroll_next_date) - max(gaps.movement_date) as days_to_payday
    from gaps
    where gaps.recency <= 7
    group by gaps.business_id, gaps.source_rank, gaps.payee
    having count(*) >= 3
),

-- The set amount within a tenth, the set rhythm (a month is 28 to 31 days) or none, and a payday that falls on the set one.
alike as (
    select
        rhythms.business_id,
        rhythms.source_rank,
        rhythms.payee
    from rhythms
    where
        rhythms.usual_amount between 0.9 * rhythms.payroll_amount and 1.1 * rhythms.payroll_amount
        and abs(rhythms.usual_gap - coalesce(nullif(rhythms.payroll_interval_days, 0), rhythms.usual_gap))
        <= case when rhythms.usual_gap <= 10 then 1 else 3 end
        and least(
            (rhythms.days_to_payday % rhythms.usual_gap + rhythms.usual_gap) % rhythms.usual_gap,
            rhythms.usual_gap - (rhythms.days_to_payday % rhythms.usual_gap + rhythms.usual_gap) % rhythms.usual_gap
        ) <= least(5, rhythms.usual_gap // 3)
    qualify row_number() over (
        partition by rhythms.business_id
        order by rhythms.source_rank asc, abs(rhythms.usual_amount - rhythms.payroll_amount) asc, rhythms.payee asc
    ) = 1
),

-- The bank's side of each payment, or the ledger's where it has such a series.
series as (
    select
        payments.business_id,
        payments.rail,
        payments.entity,
        payments.record_id,
        payments.movement_date,
        payments.amount,
        false as is_other_side
    from payments
    inner join alike
        on
            payments.business_id = alike.business_id
            and payments.source_rank = alike.source_rank
            and payments.payee = alike.payee
),

other_sides as (
    select distinct
        series.business_id,
        matches.left_rail as rail,
        matches.left_entity as entity,
        matches.left_id as record_id
    from series
    inner join matches
        on
            series.business_id = matches.business_id
            and series.rail = matches.right_rail
            and series.record_id = matches.right_id
),

-- What was booked as wages once, and is not any more, may be of the same series.
told as (
    select series.* from series

    union all

    select
        ledger_movements.business_id,
        ledger_movements.rail,
        ledger_movements.entity,
        ledger_movements.record_id,
        ledger_movements.movement_date,
        ledger_movements.amount,
        true as is_other_side
    from ledger_movements
    semi join other_sides
        on
            ledger_movements.business_id = other_sides.business_id
            and ledger_movements.rail = other_sides.rail
            and ledger_movements.entity = other_sides.entity
            and ledger_movements.record_id = other_sides.record_id
)

select
    booked.business_id,
    booked.rail,
    booked.entity,
    booked.record_id,
    booked.movement_date,
    booked.amount,
    false as is_other_side
from booked

union all

select told.*
from told
anti join booked
    on
        told.business_id = booked.business_id
        and told.rail = booked.rail
        and told.entity = booked.entity
        and told.record_id = booked.record_id
