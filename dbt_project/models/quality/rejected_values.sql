with rejections as (
    {{ rejected_in(ref('stg_qbo__company_info'), 'company_info') }}
    union all
    {{ rejected_in(ref('stg_qbo__preferences'), 'preferences') }}
    union all
    {{ rejected_in(ref('stg_qbo__accounts'), 'accounts') }}
    union all
    {{ rejected_in(ref('stg_qbo__vendors'), 'vendors') }}
    union all
    {{ rejected_in(ref('stg_qbo__customers'), 'customers') }}
    union all
    {{ rejected_in(ref('stg_qbo__items'), 'items') }}
    union all
    {{ rejected_in(ref('stg_qbo__terms'), 'terms') }}
    union all
    {{ rejected_in(ref('stg_qbo__bills'), 'bills') }}
    union all
    {{ rejected_in(ref('stg_qbo__bill_payments'), 'bill_payments') }}
    union all
    {{ rejected_in(ref('stg_qbo__vendor_credits'), 'vendor_credits') }}
    union all
    {{ rejected_in(ref('stg_qbo__purchases'), 'purchases') }}
    union all
    {{ rejected_in(ref('stg_qbo__invoices'), 'invoices') }}
    union all
    {{ rejected_in(ref('stg_qbo__payments'), 'payments') }}
    union all
    {{ rejected_in(ref('stg_qbo__credit_memos'), 'credit_memos') }}
    union all
    {{ rejected_in(ref('stg_qbo__sales_receipts'), 'sales_receipts') }}
    union all
    {{ rejected_in(ref('stg_qbo__refund_receipts'), 'refund_receipts') }}
    union all
    {{ rejected_in(ref('stg_qbo__deposits'), 'deposits') }}
    union all
    {{ rejected_in(ref('stg_qbo__transfers'), 'transfers') }}
    union all
    {{ rejected_in(ref('stg_qbo__journal_entries'), 'journal_entries') }}
    union all
    {{ rejected_in(ref('stg_ramp__business'), 'business') }}
    union all
    {{ rejected_in(ref('stg_ramp__balances'), 'balances') }}
    union all
    {{ rejected_in(ref('stg_ramp__entities'), 'entities') }}
    union all
    {{ rejected_in(ref('stg_ramp__bills'), 'bills') }}
    union all
    {{ rejected_in(ref('stg_ramp__vendors'), 'vendors') }}
    union all
    {{ rejected_in(ref('stg_ramp__vendor_accounts'), 'vendor_accounts') }}
    union all
    {{ rejected_in(ref('stg_ramp__transactions'), 'transactions') }}
    union all
    {{ rejected_in(ref('stg_ramp__transfers'), 'transfers') }}
    union all
    {{ rejected_in(ref('stg_ramp__reimbursements'), 'reimbursements') }}
    union all
    {{ rejected_in(ref('stg_ramp__statements'), 'statements') }}
    union all
    {{ rejected_in(ref('stg_plaid__items'), 'items') }}
    union all
    {{ rejected_in(ref('stg_plaid__institutions'), 'institutions') }}
    union all
    {{ rejected_in(ref('stg_plaid__accounts'), 'accounts') }}
    union all
    {{ rejected_in(ref('stg_plaid__balances'), 'balances') }}
    union all
    {{ rejected_in(ref('stg_plaid__transactions'), 'transactions') }}
    union all
    {{ rejected_in(ref('stg_stripe__accounts'), 'accounts') }}
    union all
    {{ rejected_in(ref('stg_stripe__balances'), 'balances') }}
    union all
    {{ rejected_in(ref('stg_stripe__customers'), 'customers') }}
    union all
    {{ rejected_in(ref('stg_stripe__invoices'), 'invoices') }}
    union all
    {{ rejected_in(ref('stg_stripe__invoice_lines'), 'invoice_lines') }}
    union all
    {{ rejected_in(ref('stg_stripe__invoice_payments'), 'invoice_payments') }}
    union all
    {{ rejected_in(ref('stg_stripe__charges'), 'charges') }}
    union all
    {{ rejected_in(ref('stg_stripe__payment_intents'), 'payment_intents') }}
    union all
    {{ rejected_in(ref('stg_stripe__refunds'), 'refunds') }}
    union all
    {{ rejected_in(ref('stg_stripe__disputes'), 'disputes') }}
    union all
    {{ rejected_in(ref('stg_stripe__payouts'), 'payouts') }}
    union all
    {{ rejected_in(ref('stg_stripe__balance_transactions'), 'balance_transactions') }}
    union all
    {{ rejected_in(ref('stg_stripe__events'), 'events') }}
)

select
    rejections.business_id,
    rejections.rail,
    rejections.entity,
    rejections.record_id,
    rejections.change_id,
    rejections.rejected.path as path,
    rejections.rejected.text as text,
    rejections.synced_at as observed_at
from rejections
