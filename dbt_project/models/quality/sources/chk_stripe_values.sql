with records as (
    {{ documented_columns(ref('stg_stripe__invoices'), 'invoices', ['status', 'collection_method']) }}
    union all
    {{ documented_columns(ref('stg_stripe__invoice_payments'), 'invoice_payments', ['status']) }}
    union all
    {{ documented_columns(ref('stg_stripe__charges'), 'charges', ['status']) }}
    union all
    {{ documented_columns(ref('stg_stripe__payment_intents'), 'payment_intents', ['status']) }}
    union all
    {{ documented_columns(ref('stg_stripe__refunds'), 'refunds', ['status']) }}
    union all
    {{ documented_columns(ref('stg_stripe__disputes'), 'disputes', ['status']) }}
    union all
    {{ documented_columns(ref('stg_stripe__payouts'), 'payouts', ['status', 'payout_type', 'method']) }}
    union all
    {{ documented_columns(ref('stg_stripe__balance_transactions'), 'balance_transactions', ['status', 'transaction_type']) }}
),

judged as (
    {{ judged_values('records') }}
)

select * from judged
