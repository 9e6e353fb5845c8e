{%- set fields = [
    ('document_number', 'DocNumber', 'text'),
    ('account_id', 'DepositToAccountRef.value', 'text'),
    ('private_note', 'PrivateNote', 'text'),
    ('txn_date', 'TxnDate', 'date'),
    ('total_amount', 'TotalAmt', 'money'),
    ('cash_back_amount', 'CashBack.Amount', 'money'),
    ('cash_back_account_id', 'CashBack.AccountRef.value', 'text'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('exchange_rate', 'ExchangeRate', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}
{%- set lines = [
    ('line_id', 'Id', 'text'),
    ('description', 'Description', 'text'),
    ('amount', 'Amount', 'money'),
    ('account_id', 'DepositLineDetail.AccountRef.value', 'text'),
    ('party_id', 'DepositLineDetail.Entity.value', 'text'),
    ('party_name', 'DepositLineDetail.Entity.name', 'text'),
    ('party_type', 'DepositLineDetail.Entity.type', 'text'),
    ('links', 'LinkedTxn', 'links'),
] -%}

with versions as (
    {{ latest_versions(source('raw_qbo', 'deposits'), source('raw_qbo', '_dlt_loads')) }}
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
