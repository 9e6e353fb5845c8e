{%- set fields = [
    ('document_number', 'invoice_number', 'text'),
    ('qbo_bill_id', 'remote_id', 'text'),
    ('vendor_id', 'vendor.id', 'text'),
    ('vendor_name', 'vendor.name', 'text'),
    ('vendor_remote_id', 'vendor.remote_id', 'text'),
    ('vendor_remote_name', 'vendor.remote_name', 'text'),
    ('entity_id', 'entity_id', 'text'),
    ('status', 'status', 'text'),
    ('approval_status', 'approval_status', 'text'),
    ('sync_status', 'sync_status', 'text'),
    ('memo', 'memo', 'text'),
    ('issued_date', 'issued_at', 'day'),
    ('due_date', 'due_at', 'day'),
    ('accounting_date', 'accounting_date', 'day'),
    ('total_amount', 'amount', 'ramp_amount'),
    ('currency', 'amount.currency_code', 'text'),
    ('payment_method', 'payment.payment_method', 'text'),
    ('payment_date', 'payment.payment_date', 'day'),
    ('payment_effective_date', 'payment.effective_date', 'day'),
    ('payment_amount', 'payment.amount', 'ramp_amount'),
    ('payment_currency', 'payment.amount.currency_code', 'text'),
    ('payment_trace_id', 'payment.trace_id.trace_id', 'text'),
    ('exchange_rate', 'fx_conversion_rate', 'rate'),
    ('source_url', 'deep_link_url', 'text'),
    ('created_at', 'created_at', 'instant'),
    ('paid_at', 'paid_at', 'instant'),
    ('archived_at', 'archived_at', 'instant'),
] -%}

with versions as (
    {{ latest_versions(source('raw_ramp', 'bills'), source('raw_ramp', '_dlt_loads'), stamped=false) }}
),

exponents as (
    {{ exponent_maps() }}
),

parsed as (
    select
        versions.*,
        exponents.iso_exponents,
        exponents.stripe_exponents,
        {{ parsed_payload(fields) }} as doc
    from versions
    cross join exponents
),

renamed as (
    select
        {{ mirror_columns('ramp') }},
        {{ typed_columns(fields) }},
        coalesce(doc.status = 'DRAFT', false) as is_draft,
        doc.archived_at is not null as is_archived,
        {{ rejected_values(fields) }} as rejected_values
    from parsed
)

select * from renamed
