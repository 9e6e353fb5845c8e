with journal_entries as (
    select * from {{ ref('stg_qbo__journal_entries') }}
),

renamed as (
    select
        journal_entries.business_id,
        journal_entries.connection_id,
        journal_entries.rail,
        journal_entries.record_id as journal_entry_id,
        unnest(range(1, len(journal_entries.lines) + 1)) as line_number,
        unnest(journal_entries.lines) as line,
        journal_entries.txn_date,
        journal_entries.is_voided,
        journal_entries.is_deleted,
        journal_entries.synced_at
    from journal_entries
)

select
    renamed.business_id,
    renamed.connection_id,
    renamed.rail,
    renamed.journal_entry_id,
    renamed.line_number,
    renamed.line.line_id as line_id,
    renamed.line.description as description,
    renamed.line.amount as amount,
    renamed.line.posting_type as posting_type,
    renamed.line.account_id as account_id,
    renamed.line.party_id as party_id,
    renamed.line.party_name as party_name,
    renamed.line.party_type as party_type,
    renamed.txn_date,
    renamed.is_voided,
    renamed.is_deleted,
    renamed.synced_at
from renamed
