{%- set fields = [
    ('document_number', 'DocNumber', 'text'),
    ('vendor_id', 'VendorRef.value', 'text'),
    ('vendor_name', 'VendorRef.name', 'text'),
    ('payment_type', 'PayType', 'text'),
    ('bank_account_id', 'CheckPayment.BankAccountRef.value', 'text'),
    ('card_account_id', 'CreditCardPayment.CCAccountRef.value', 'text'),
    ('private_note', 'PrivateNote', 'text'),
    ('txn_date', 'TxnDate', 'date'),
    ('total_amount', 'TotalAmt', 'money'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('exchange_rate', 'ExchangeRate', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}
{%- set lines = [
    ('amount', 'Amount', 'money'),
    ('links', 'LinkedTxn', 'links'),
] -%}

with versions as (
    {{ latest_versions(source('raw_qbo', 'bill_payments'), source('raw_qbo', '_dlt_loads')) }}
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
