{%- set fields = [
    ('document_number', 'DocNumber', 'text'),
    ('private_note', 'PrivateNote', 'text'),
    ('is_adjustment', 'Adjustment', 'flag'),
    ('txn_date', 'TxnDate', 'date'),
    ('currency', 'CurrencyRef.value', 'text'),
    ('exchange_rate', 'ExchangeRate', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}
{%- set lines = [
    ('line_id', 'Id', 'text'),
    ('description', 'Description', 'text'),
    ('amount', 'Amount', 'money'),
    ('posting_type', 'JournalEntryLineDetail.PostingType', 'text'),
    ('account_id', 'JournalEntryLineDetail.AccountRef.value', 'text'),
    ('party_id', 'JournalEntryLineDetail.Entity.EntityRef.value', 'text'),
    ('party_name', 'JournalEntryLineDetail.Entity.EntityRef.name', 'text'),
    ('party_type', 'JournalEntryLineDetail.Entity.Type', 'text'),
] -%}

with versions as (
    {{ latest_versions(source('raw_qbo', 'journal_entries'), source('raw_qbo', '_dlt_loads')) }}
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
        coalesce(doc.PrivateNote ilike '%voided%', false)
        and coalesce(list_sum(list_transform(doc.Line, lambda line: {{ typed('money', 'line.Amount') }})), 0) = 0 as is_voided,
        {{ typed_lines(lines) }} as lines,
        {{ rejected_values(fields, lines) }} as rejected_values
    from parsed
)

select * from renamed
