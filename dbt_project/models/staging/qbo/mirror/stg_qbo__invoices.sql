{%- set fields = [
    ('document_number', 'DocNumber', 'text'),
    ('customer_id', 'CustomerRef.value', 'text'),
    ('customer_name', 'CustomerRef.name', 'text'),
    ('receivable_account_id', 'ARAccountRef.value', 'text'),
    ('terms_id', 'SalesTermRef.value', 'text'),
    ('email_status', 'EmailStatus', 'text'),
    ('bill_email', 'BillEmail.Address', 'text'),
    ('private_note', 'PrivateNote', 'text'),
    ('txn_date', 'TxnDate', 'date'),
    ('due_date', 'DueDate', 'date'),
    ('total_amount', 'TotalAmt', 'money'),
    ('open_amount', 'Balance', 'money'),
    ('deposit_amount', 'Deposit', 'money'),
    ('tax_amount', 'TxnTaxDetail.TotalTax', 'money'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('exchange_rate', 'ExchangeRate', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
    ('links', 'LinkedTxn', 'links'),
] -%}
{%- set lines = [
    ('line_id', 'Id', 'text'),
    ('description', 'Description', 'text'),
    ('amount', 'Amount', 'money'),
    ('detail_type', 'DetailType', 'text'),
    ('item_id', 'SalesItemLineDetail.ItemRef.value', 'text'),
    ('item_account_id', 'SalesItemLineDetail.ItemAccountRef.value', 'text'),
] -%}

with versions as (
    {{ latest_versions(source('raw_qbo', 'invoices'), source('raw_qbo', '_dlt_loads')) }}
),

parsed as (
    select
        *,
        {{ parsed_payload(fields, lines) }} as doc
    from versions
),

renamed as (
    select
        {{ mirror_columns('qbo') }},
        {{ typed_columns(fields) }},
        coalesce(doc.PrivateNote ilike '%voided%', false) and coalesce({{ typed('money', 'doc.TotalAmt') }}, 0) = 0 as is_voided,
        {{ typed_lines(lines) }} as lines,
        {{ rejected_values(fields, lines) }} as rejected_values
    from parsed
)

select * from renamed
