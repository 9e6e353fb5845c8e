with records as (
    {{ checked_records(ref('stg_plaid__items'), 'items', references={'institution_id': 'institutions'}) }}
    union all
    {{ checked_records(ref('stg_plaid__institutions'), 'institutions') }}
    union all
    {{ checked_records(ref('stg_plaid__accounts'), 'accounts', currency='iso_currency') }}
    union all
    {{ checked_records(
        ref('stg_plaid__balances'), 'balances', currency='iso_currency', not_negative=['limit_amount'],
        references={'record_id': 'accounts'},
    ) }}
    union all
    {{ checked_records(ref('stg_plaid__transactions'), 'transactions', currency='iso_currency', references={'account_id': 'accounts'}) }}
),

known as (
    {{ known_records({'institutions': ref('stg_plaid__institutions'), 'accounts': ref('stg_plaid__accounts')}) }}
),

judged as (
    {{ judged_records('records', 'known') }}
)

select * from judged
