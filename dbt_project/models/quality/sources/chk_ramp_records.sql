with records as (
    {{ checked_records(ref('stg_ramp__business'), 'business') }}
    union all
    {{ checked_records(ref('stg_ramp__balances'), 'balances') }}
    union all
    {{ checked_records(ref('stg_ramp__entities'), 'entities', currency='currency') }}
    union all
    {{ checked_records(
        ref('stg_ramp__bills'), 'bills', currency='currency', not_negative=['total_amount', 'payment_amount'],
        references={'vendor_id': 'vendors', 'entity_id': 'entities'},
    ) }}
    union all
    {{ checked_records(ref('stg_ramp__vendors'), 'vendors') }}
    union all
    {{ checked_records(
        ref('stg_ramp__vendor_accounts'), 'vendor_accounts', currency='currency',
        references={"split_part(mirror.record_id, '/', 1)": 'vendors'},
    ) }}
    union all
    {{ checked_records(ref('stg_ramp__transactions'), 'transactions', currency='currency', references={'entity_id': 'entities'}) }}
    union all
    {{ checked_records(
        ref('stg_ramp__transfers'), 'transfers', currency='currency', not_negative=['amount'], references={'entity_id': 'entities'},
    ) }}
    union all
    {{ checked_records(
        ref('stg_ramp__reimbursements'), 'reimbursements', currency='currency', not_negative=['amount'],
        references={'entity_id': 'entities'},
    ) }}
    union all
    {{ checked_records(ref('stg_ramp__statements'), 'statements', currency='currency') }}
),

known as (
    {{ known_records({'vendors': ref('stg_ramp__vendors'), 'entities': ref('stg_ramp__entities')}) }}
),

judged as (
    {{ judged_records('records', 'known') }}
)

select * from judged
