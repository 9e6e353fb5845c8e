with records as (
    {{ documented_columns(ref('stg_ramp__bills'), 'bills', ['status', 'approval_status', 'sync_status', 'payment_method']) }}
    union all
    {{ documented_columns(ref('stg_ramp__transactions'), 'transactions', ['state', 'sync_status']) }}
    union all
    {{ documented_columns(ref('stg_ramp__transfers'), 'transfers', ['status', 'sync_status']) }}
    union all
    {{ documented_columns(ref('stg_ramp__reimbursements'), 'reimbursements', ['state', 'direction', 'reimbursement_type']) }}
    union all
    {{ documented_columns(ref('stg_ramp__vendors'), 'vendors', ['vendor_type']) }}
    union all
    {{ documented_columns(ref('stg_ramp__vendor_accounts'), 'vendor_accounts', ['payment_method']) }}
),

judged as (
    {{ judged_values('records') }}
)

select * from judged
