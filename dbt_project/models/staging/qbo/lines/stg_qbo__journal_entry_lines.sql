{{ qbo_lines(
    ref('stg_qbo__journal_entries'),
    key='journal_entry_id',
    columns=['line_id', 'description', 'amount', 'posting_type', 'account_id', 'party_id', 'party_name', 'party_type'],
    of_record=[],
) }}
