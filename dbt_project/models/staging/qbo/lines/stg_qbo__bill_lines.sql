{{ qbo_lines(
    ref('stg_qbo__bills'),
    key='bill_id',
    columns=['line_id', 'description', 'amount', 'detail_type', 'account_id', 'item_id'],
    derived={'customer_id': 'coalesce(lines.line.account_customer_id, lines.line.item_customer_id)'},
    of_record=['vendor_id'],
) }}
