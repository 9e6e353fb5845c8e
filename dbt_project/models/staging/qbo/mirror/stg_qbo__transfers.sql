{%- set fields = [
    ('from_account_id', 'FromAccountRef.value', 'text'),
    ('to_account_id', 'ToAccountRef.value', 'text'),
    ('private_note', 'PrivateNote', 'text'),
    ('txn_date', 'TxnDate', 'date'),
    ('total_amount', 'Amount', 'money'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('exchange_rate', 'ExchangeRate', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}

with versions as (
    {{ latest_versions(source('raw_qbo', 'transfers'), source('raw_qbo', '_dlt_loads')) }}
),

parsed as (
    select
        *,
        {{ parsed_payload(fields) }} as doc
    from versions
),

renamed as (
    select
        {{ mirror_columns('qbo') }},
        {{ typed_columns(fields) }},
        coalesce(doc.PrivateNote ilike '%voided%', false) and coalesce({{ typed('money', 'doc.Amount') }}, 0) = 0 as is_voided,
        {{ rejected_values(fields) }} as rejected_values
    from parsed
)

select * from renamed
