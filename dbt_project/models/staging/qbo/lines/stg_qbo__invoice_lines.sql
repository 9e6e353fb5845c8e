{{ qbo_lines(
    ref('stg_qbo__invoices'),
    key='invoice_id',
    columns=['line_id', 'description', 'amount', 'detail_type', 'item_id', 'item_account_id'],
    of_record=['customer_id'],
) }}
