{#- Every mirror as (rail, raw table), for the models that look at all of them alike. -#}
{% macro mirrors() -%}
    {%- set found = [] -%}
    {%- for rail, tables in {
        'qbo': [
            'company_info', 'preferences', 'accounts', 'vendors', 'customers', 'items', 'terms', 'bills',
            'bill_payments', 'vendor_credits', 'purchases', 'invoices', 'payments', 'credit_memos',
            'sales_receipts', 'refund_receipts', 'deposits', 'transfers', 'journal_entries',
            'aged_payables', 'aged_receivables',
        ],
        'ramp': [
            'business', 'balances', 'entities', 'bills', 'vendors', 'vendor_accounts', 'transactions', 'transfers',
            'reimbursements', 'statements',
        ],
        'plaid': [
            'items', 'institutions', 'accounts', 'balances', 'transactions',
        ],
        'stripe': [
            'accounts', 'balances', 'customers', 'invoices', 'invoice_lines', 'invoice_payments', 'charges',
            'payment_intents', 'refunds', 'disputes', 'payouts', 'payout_transactions', 'balance_transactions',
            'events',
        ],
    }.items() -%}
        {%- for table in tables -%}
            {%- do found.append((rail, table)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}
