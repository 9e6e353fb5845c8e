with accounts as (
    select * from {{ ref('stg_qbo__accounts') }}
),

balances as (
    select
        balances.*,
        unnest(list_concat(balances.available, balances.pending)) as held
    from {{ ref('stg_stripe__balances') }} as balances
    where not balances.is_deleted
),

movements as (
    select * from {{ ref('stg_stripe__balance_transactions') }}
    where not is_deleted
),

paid_out as (
    select * from {{ ref('stg_stripe__payout_transactions') }}
    where not is_deleted
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

-- Stripe has no account of its own in a ledger; people call it by its name.
clearing as (
    select
        accounts.business_id,
        min(accounts.record_id) as account_id,
        string_agg(accounts.account_name, ', ' order by accounts.record_id) as account_names,
        sum(accounts.current_balance) as balance_amount
    from accounts
    inner join calendar on accounts.business_id = calendar.business_id
    where
        accounts.account_name ilike '%stripe%'
        and accounts.account_type in ('Bank', 'Other Current Asset')
        and not accounts.is_deleted
        and coalesce(accounts.is_active, true)
        and coalesce(accounts.currency, calendar.home_currency) = calendar.home_currency
    group by accounts.business_id
),

held as (
    select
        balances.business_id,
        sum(balances.held.amount) as held_amount
    from balances
    inner join calendar
        on
            balances.business_id = calendar.business_id
            and balances.held.currency = calendar.home_currency
    group by balances.business_id
),

-- Fees of what is still held: many book them with the payout, so that until then the account holds the gross amount.
fees as (
    select
        movements.business_id,
        sum(movements.fee_amount) as fee_amount
    from movements
    inner join calendar
        on
            movements.business_id = calendar.business_id
            and upper(movements.currency) = calendar.home_currency
    anti join paid_out
        on
            movements.business_id = paid_out.business_id
            and movements.connection_id = paid_out.connection_id
            and movements.record_id = paid_out.balance_transaction_id
    -- What is in payouts is not read further back.
    where movements.created_at > {{ run_instant() }} - interval 180 day
    group by movements.business_id
)

select
    clearing.business_id,
    'qbo' as rail,
    'accounts' as entity,
    clearing.account_id as record_id,
    {{ money('least(
        abs(clearing.balance_amount - held.held_amount),
        abs(clearing.balance_amount - held.held_amount - coalesce(fees.fee_amount, 0))
    )') }} as gap_amount,
    cast({{ hygiene_threshold('H35', 'min_gap') }} as decimal(18, 2)) as allowed_amount,
    clearing.account_names || ' ' || {{ shown_amount('clearing.balance_amount', 'calendar.home_currency') }} || ', Stripe holds '
    || {{ shown_amount('held.held_amount', 'calendar.home_currency') }} as observed,
    cast(null as decimal(18, 2)) as impact_amount
from clearing
inner join held on clearing.business_id = held.business_id
inner join calendar on clearing.business_id = calendar.business_id
left join fees on clearing.business_id = fees.business_id
