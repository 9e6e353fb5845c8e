{#- What a record did to the runway between two days: the change of its part in the amount that lasts, of the outflow that uses it
    up, and of the cash behind it. A record's open amount is its total less what was settled; it counts while it is in the window. -#}

with windows as (
    select * from {{ ref('int_runway_windows') }}
    where from_basis is not null
),

items as (
    select * from {{ ref('fct_runway_items') }}
),

policy as (
    select * from {{ ref('runway_policy') }}
),

balances as (
    select * from {{ ref('fct_cash') }}
),

reserves as (
    select * from {{ ref('stg_control__reserves') }}
),

-- Of a day before records were kept it is not known what counted: what changed since has no record to tell it.
starts as (
    select
        items.business_id,
        min(items.valid_from_date) as own_date,
        min(min(items.valid_from_date)) over () as first_date
    from items
    group by items.business_id
),

versions as (
    select
        windows.business_id,
        windows.period,
        windows.from_date,
        windows.to_date,
        windows.basis,
        windows.is_same_flow,
        items.part,
        items.rail,
        items.entity,
        items.record_id,
        items.document_number,
        items.party_name,
        items.txn_date,
        items.due_date,
        items.total_amount,
        items.open_amount,
        items.valid_from_date <= windows.from_date as is_earlier,
        items.valid_to_date is null or items.valid_to_date >= windows.to_date as is_later,
        case items.part
            when 'payable' then items.due_date - policy.payable_horizon_days
            when 'receivable' then coalesce(items.due_date, items.txn_date) + policy.receivable_horizon_days + 1
        end as turns_on_date,
        policy.payable_horizon_days,
        policy.receivable_horizon_days
    from windows
    inner join items
        on
            windows.business_id = items.business_id
            and items.valid_from_date <= windows.to_date
            and (items.valid_to_date is null or items.valid_to_date >= windows.from_date)
    inner join starts on windows.business_id = starts.business_id
    cross join policy
    where
        items.part != 'inflow'
        and (windows.from_date >= starts.own_date or windows.from_date > starts.first_date)
),

-- A record that neither changed nor came into a window or out of one between the two days did nothing.
states as (
    select
        versions.business_id,
        versions.period,
        versions.from_date,
        versions.to_date,
        versions.basis,
        versions.is_same_flow,
        versions.part,
        versions.rail,
        versions.entity,
        versions.record_id,
        any_value(versions.payable_horizon_days) as payable_horizon_days,
        any_value(versions.receivable_horizon_days) as receivable_horizon_days,
        coalesce(max(versions.document_number) filter (versions.is_later), max(versions.document_number)) as document_number,
        coalesce(max(versions.party_name) filter (versions.is_later), max(versions.party_name)) as party_name,
        coalesce(bool_or(versions.is_earlier), false) as is_in_from,
        max(versions.txn_date) filter (versions.is_earlier) as from_txn_date,
        max(versions.due_date) filter (versions.is_earlier) as from_due_date,
        coalesce(max(versions.total_amount) filter (versions.is_earlier), 0) as from_total,
        coalesce(max(versions.open_amount) filter (versions.is_earlier), 0) as from_open,
        coalesce(bool_or(versions.is_later), false) as is_in_to,
        max(versions.txn_date) filter (versions.is_later) as to_txn_date,
        max(versions.due_date) filter (versions.is_later) as to_due_date,
        coalesce(max(versions.total_amount) filter (versions.is_later), 0) as to_total,
        coalesce(max(versions.open_amount) filter (versions.is_later), 0) as to_open
    from versions
    where
        (versions.is_earlier or versions.is_later)
        and case
            when not (versions.is_earlier and versions.is_later) then true
            when versions.part = 'outflow'
                then
                    versions.txn_date > versions.from_date and versions.txn_date <= versions.to_date
                    or versions.txn_date > versions.from_date - 90 and versions.txn_date <= versions.to_date - 90
            else versions.turns_on_date > versions.from_date and versions.turns_on_date <= versions.to_date
        end
    group by all
),

placed as (
    select
        states.*,
        states.part in ('payable', 'payable_credit') as is_payable,
        case when states.is_in_from then states.from_due_date else states.to_due_date end as first_due_date,
        case when states.is_in_from then states.from_txn_date else states.to_txn_date end as first_txn_date,
        states.to_total - states.from_total as total_change,
        (states.to_total - states.to_open) - (states.from_total - states.from_open) as settled_change,
        states.is_in_from
        and states.from_txn_date > states.from_date - 90
        and states.from_txn_date <= states.from_date as is_flow_in_from,
        states.is_in_to
        and states.to_txn_date > states.to_date - 90
        and states.to_txn_date <= states.to_date as is_flow_in_to
    from states
),

counted as (
    select
        placed.*,
        {{ runway_weight('placed.part', 'placed.basis', 'placed.first_due_date', 'placed.first_txn_date', 'placed.from_date') }}
            as from_weight,
        {{ runway_weight('placed.part', 'placed.basis', 'placed.to_due_date', 'placed.to_txn_date', 'placed.to_date') }}
            as to_weight
    from placed
),

effects as (
    select
        counted.*,
        unnest([
            struct_pack(
                cause := case
                    when counted.from_due_date is distinct from counted.to_due_date then 'changed_documents'
                    when counted.is_payable then 'bills_coming_due'
                    else 'late_receipts'
                end,
                amount := (case when counted.is_payable then -1 else 1 end)
                * (counted.to_weight - counted.from_weight) * counted.from_open,
                cash_amount := cast(0 as decimal(18, 2)),
                outflow_amount := cast(0 as decimal(18, 2))
            ),
            struct_pack(
                cause := case
                    when counted.is_in_from then 'changed_documents'
                    when counted.to_txn_date <= counted.from_date then 'late_data'
                    when counted.is_payable then 'new_bills'
                    else 'new_invoices'
                end,
                amount := (case when counted.is_payable then -1 else 1 end) * counted.to_weight * counted.total_change,
                cash_amount := cast(0 as decimal(18, 2)),
                outflow_amount := cast(0 as decimal(18, 2))
            ),
            struct_pack(
                cause := case when counted.is_payable then 'paid_bills' else 'receipts' end,
                amount := (case when counted.is_payable then -1 else 1 end) * (1 - counted.to_weight) * counted.settled_change,
                cash_amount := (case when counted.is_payable then -1 else 1 end) * counted.settled_change,
                outflow_amount := cast(0 as decimal(18, 2))
            )
        ]) as effect
    from counted
    where counted.part != 'outflow'

    union all

    select
        counted.*,
        struct_pack(
            cause := case
                when counted.is_flow_in_from and counted.is_flow_in_to then 'late_data'
                when counted.is_flow_in_to and counted.to_txn_date <= counted.from_date then 'late_data'
                when counted.is_flow_in_from and counted.to_txn_date > counted.to_date - 90 then 'late_data'
                else 'burn'
            end,
            amount := cast(0 as decimal(18, 2)),
            cash_amount := cast(0 as decimal(18, 2)),
            outflow_amount := (case when counted.is_flow_in_to then counted.to_open else 0 end)
            - (case when counted.is_flow_in_from then counted.from_open else 0 end)
        ) as effect
    from counted
    where counted.part = 'outflow' and counted.basis = 'burn' and counted.is_same_flow
),

-- What the accounts themselves say is told with the balance; the balance's own part is what no document explains of it.
account_balances as (
    select
        windows.business_id,
        windows.period,
        windows.from_date,
        windows.to_date,
        balances.rail,
        any_value(balances.entity) as entity,
        balances.account_id,
        any_value(balances.account_name) as account_name,
        sum(case balances.as_of_date when windows.to_date then 1 else -1 end * balances.home_balance_amount) as cash_amount
    from windows
    inner join balances
        on
            windows.business_id = balances.business_id
            and (windows.from_date = balances.as_of_date or windows.to_date = balances.as_of_date)
    group by windows.business_id, windows.period, windows.from_date, windows.to_date, balances.rail, balances.account_id
),

reserve_changes as (
    select
        windows.business_id,
        windows.period,
        windows.from_date,
        windows.to_date,
        reserves.reserve_id,
        reserves.kind,
        reserves.amount
        * (
            cast(
                reserves.active_from <= windows.from_date
                and (reserves.active_until is null or reserves.active_until >= windows.from_date) as integer
            )
            - cast(
                reserves.active_from <= windows.to_date
                and (reserves.active_until is null or reserves.active_until >= windows.to_date) as integer
            )
        ) as amount
    from windows
    inner join reserves on windows.business_id = reserves.business_id
    where windows.basis = 'burn'
),

moves as (
    select
        effects.business_id,
        effects.period,
        effects.from_date,
        effects.to_date,
        effects.effect.cause as cause,
        effects.part,
        effects.rail,
        effects.entity,
        effects.record_id,
        effects.document_number,
        effects.party_name,
        {{ money('effects.effect.amount') }} as amount,
        {{ money('effects.effect.cash_amount') }} as cash_amount,
        {{ money('effects.effect.outflow_amount') }} as outflow_amount
    from effects

    union all

    select
        account_balances.business_id,
        account_balances.period,
        account_balances.from_date,
        account_balances.to_date,
        'balance' as cause,
        'cash' as part,
        account_balances.rail,
        coalesce(account_balances.entity, '') as entity,
        account_balances.account_id as record_id,
        cast(null as varchar) as document_number,
        account_balances.account_name as party_name,
        cast(null as decimal(18, 2)) as amount,
        {{ money('account_balances.cash_amount') }} as cash_amount,
        cast(null as decimal(18, 2)) as outflow_amount
    from account_balances

    union all

    select
        reserve_changes.business_id,
        reserve_changes.period,
        reserve_changes.from_date,
        reserve_changes.to_date,
        'reserves' as cause,
        'reserved' as part,
        'control' as rail,
        'reserves' as entity,
        reserve_changes.reserve_id as record_id,
        cast(null as varchar) as document_number,
        reserve_changes.kind as party_name,
        {{ money('reserve_changes.amount') }} as amount,
        cast(null as decimal(18, 2)) as cash_amount,
        cast(null as decimal(18, 2)) as outflow_amount
    from reserve_changes
)

select
    moves.*,
    greatest(abs(moves.amount), abs(moves.cash_amount), abs(moves.outflow_amount)) as size_amount
from moves
where moves.amount != 0 or moves.cash_amount != 0 or moves.outflow_amount != 0
