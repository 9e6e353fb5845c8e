{{ config(materialized='table') }}

with matches as (
    select matches.*
    from {{ ref('int_matches') }} as matches
    -- A proposal is not known to be one thing; the members of a bundle add up to the other side and are each another amount.
    where matches.tier = 'auto' and not matches.is_part
),

settlements as (
    select * from {{ ref('stg_qbo__bill_payment_lines') }}
    where linked_txn_type = 'Bill' and not is_deleted and not is_voided
),

ledger_balances as (
    select * from {{ ref('int_ledger_balances') }}
),

bank_sources as (
    select * from {{ ref('int_bank_sources') }}
),

-- What was taken back from Ramp, or is not entered there yet, has no say.
unsaid as (
    select
        bills.business_id,
        bills.record_id
    from {{ ref('stg_ramp__bills') }} as bills
    where bills.is_archived or bills.is_draft
),

-- A bill that was paid in parts has no one date of payment.
paid_once as (
    select
        settlements.business_id,
        settlements.linked_txn_id,
        any_value(settlements.bill_payment_id) as bill_payment_id
    from settlements
    group by settlements.business_id, settlements.linked_txn_id
    having count(distinct settlements.bill_payment_id) = 1
),

compared_fields as (
    select unnest([
        {%- for pair, fields in compared_pairs().items() %}
        {%- set is_last = loop.last %}
        {%- for field in fields %}
        struct_pack(pair := '{{ pair }}', field := '{{ field }}'){{ ',' if not (is_last and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    ], recursive := true)
),

compared_pairs as (
    select
        matches.business_id,
        matches.pair,
        matches.left_rail,
        matches.left_entity,
        matches.left_id,
        matches.right_rail,
        matches.right_entity,
        matches.right_id,
        matches.synced_at
    from matches
    anti join unsaid
        on
            matches.business_id = unsaid.business_id
            and {{ key_where('matches.left_id', "matches.pair = 'bill'") }} = unsaid.record_id

    union all

    select
        matches.business_id,
        'bill_payment' as pair,
        matches.left_rail,
        matches.left_entity,
        matches.left_id,
        'qbo' as right_rail,
        'bill_payments' as right_entity,
        paid_once.bill_payment_id as right_id,
        matches.synced_at
    from matches
    inner join paid_once
        on
            matches.business_id = paid_once.business_id
            and matches.right_id = paid_once.linked_txn_id
    where matches.pair = 'bill'
),

said as (
    {%- for rail, entity, _, says in compared_entities() %}
    select
        records.business_id,
        '{{ rail }}' as rail,
        '{{ entity }}' as entity,
        records.connection_id,
        records.record_id,
        records.currency,
        unnest({{ said_values(says) }}, recursive := true)
    from {{ ref('stg_' ~ rail ~ '__' ~ entity) }} as records
    where not records.is_deleted
    {%- if not loop.last %}

    union all
    {% endif %}
    {%- endfor %}
),

keyed as (
    {{ said_with_keys('said') }}
),

cash as (
    select
        ledger_balances.business_id,
        case when count(*) = count(ledger_balances.home_balance_amount) then {{ money('sum(ledger_balances.home_balance_amount)') }} end
            as ledger_amount,
        any_value({{ money('bank_sources.bank_cash') }}) as bank_amount,
        any_value(ledger_balances.home_currency) as currency,
        max(ledger_balances.synced_at) as synced_at
    from ledger_balances
    inner join bank_sources on ledger_balances.business_id = bank_sources.business_id
    group by ledger_balances.business_id
),

paired as (
    select
        compared_pairs.*,
        compared_fields.field,
        lefts.connection_id as left_connection_id,
        rights.connection_id as right_connection_id,
        coalesce(upper(lefts.currency), upper(rights.currency)) as currency,
        {{ one_word('lefts.amount', 'lefts.value', 'lefts.key') }} as left_said,
        {{ one_word('rights.amount', 'rights.value', 'rights.key') }} as right_said
    from compared_pairs
    inner join compared_fields on compared_pairs.pair = compared_fields.pair
    inner join keyed as lefts
        on
            compared_pairs.business_id = lefts.business_id
            and compared_pairs.left_rail = lefts.rail
            and compared_pairs.left_entity = lefts.entity
            and compared_pairs.left_id = lefts.record_id
            and compared_fields.field = lefts.field
    inner join keyed as rights
        on
            compared_pairs.business_id = rights.business_id
            and compared_pairs.right_rail = rights.rail
            and compared_pairs.right_entity = rights.entity
            and compared_pairs.right_id = rights.record_id
            and compared_fields.field = rights.field
    -- A number of one currency says nothing against a number of another.
    where
        compared_fields.field not in ('{{ compared_amounts() | join("', '") }}')
        or coalesce(upper(lefts.currency) = upper(rights.currency), true)

    union all by name

    -- All accounts of a rail are one record here.
    select
        cash.business_id,
        'cash' as pair,
        'qbo' as left_rail,
        'accounts' as left_entity,
        cash.business_id as left_id,
        'plaid' as right_rail,
        'balances' as right_entity,
        cash.business_id as right_id,
        cash.synced_at,
        'cash_balance' as field,
        cash.currency,
        {{ one_word('cash.ledger_amount') }} as left_said,
        {{ one_word('cash.bank_amount') }} as right_said
    from cash
)

select
    paired.*,
    md5(concat_ws(
        '|',
        paired.business_id,
        paired.pair,
        paired.field,
        paired.left_rail,
        paired.left_entity,
        paired.left_id,
        paired.right_rail,
        paired.right_entity,
        paired.right_id
    )) as conflict_id
from paired
where {{ is_disagreement('paired.field', 'paired.pair', 'paired.left_said', 'paired.right_said') }}
