{{ qbo_lines(
    ref('stg_qbo__payments'),
    key='payment_id',
    columns=['amount'],
    derived={'linked_txn_id': 'lines.line.links[1].txn_id', 'linked_txn_type': 'lines.line.links[1].txn_type'},
    of_record=['customer_id'],
) }}
