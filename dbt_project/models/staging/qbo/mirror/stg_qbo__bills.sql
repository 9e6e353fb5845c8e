{%- set fields = [
    ('document_number', 'DocNumber', 'text'),
    ('vendor_id', 'VendorRef.value', 'text'),
    ('vendor_name', 'VendorRef.name', 'text'),
    ('payable_account_id', 'APAccountRef.value', 'text'),
    ('terms_id', 'SalesTermRef.value', 'text'),
    ('private_note', 'PrivateNote', 'text'),
    ('txn_date', 'TxnDate', 'date'),
    ('due_date', 'DueDate', 'date'),
    ('total_amount', 'TotalAmt', 'money'),
    ('open_amount', 'Balance', 'money'),
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
    ('account_id', 'AccountBasedExpenseLineDetail.AccountRef.value', 'text'),
    ('item_id', 'ItemBasedExpenseLineDetail.ItemRef.value', 'text'),
    ('account_customer_id', 'AccountBasedExpenseLineDetail.CustomerRef.value', 'text'),
    ('item_customer_id', 'ItemBasedExpenseLineDetail.CustomerRef.value', 'text'),
] -%}

with versions as (
    {{ latest_versions(source('raw_qbo', 'bills'), source('raw_qbo', '_dlt_loads')) }}
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
