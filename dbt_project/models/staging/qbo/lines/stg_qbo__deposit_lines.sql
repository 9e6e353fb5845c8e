{{ qbo_lines(
    ref('stg_qbo__deposits'),
    key='deposit_id',
    columns=['line_id', 'description', 'amount', 'account_id', 'party_id', 'party_name', 'party_type', 'links'],
    of_record=[],
) }}
