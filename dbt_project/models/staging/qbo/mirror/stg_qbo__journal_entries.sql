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
{#- An entry has no total of its own; a voided one has lines of nothing. -#}
{%- set is_voided = qbo_has_void_note()
    ~ " and coalesce(list_sum(list_transform(doc.Line, lambda line: " ~ typed('money', 'line.Amount') ~ ")), 0) = 0" -%}

{{ mirror('qbo', 'journal_entries', fields, lines=lines, derived={'is_voided': is_voided}) }}
