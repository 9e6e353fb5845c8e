with records as (
    {{ documented_columns(ref('stg_plaid__items'), 'items', ['update_type']) }}
    union all
    {{ documented_columns(ref('stg_plaid__accounts'), 'accounts', ['account_type', 'holder_category']) }}
    union all
    {{ documented_columns(ref('stg_plaid__transactions'), 'transactions', ['payment_channel', 'category_primary']) }}
),

judged as (
    {{ judged_values('records') }}
)

select * from judged
