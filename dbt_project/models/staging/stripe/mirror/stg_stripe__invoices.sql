{%- set fields = [
    ('document_number', 'number', 'text'),
    ('customer_id', 'customer', 'text'),
    ('customer_name', 'customer_name', 'text'),
    ('customer_email', 'customer_email', 'text'),
    ('status', 'status', 'text'),
    ('collection_method', 'collection_method', 'text'),
    ('billing_reason', 'billing_reason', 'text'),
    ('revised_invoice_id', 'from_invoice.invoice', 'text'),
    ('total_amount', 'total', 'stripe_amount'),
    ('due_amount', 'amount_due', 'stripe_amount'),
    ('paid_amount', 'amount_paid', 'stripe_amount'),
    ('remaining_amount', 'amount_remaining', 'stripe_amount'),
    ('currency', 'currency', 'text'),
    ('due_at', 'due_date', 'seconds'),
    ('created_at', 'created', 'seconds'),
    ('finalized_at', 'status_transitions.finalized_at', 'seconds'),
    ('paid_at', 'status_transitions.paid_at', 'seconds'),
    ('voided_at', 'status_transitions.voided_at', 'seconds'),
    ('uncollectible_at', 'status_transitions.marked_uncollectible_at', 'seconds'),
    ('is_live', 'livemode', 'flag'),
] -%}

{{ mirror('stripe', 'invoices', fields) }}
