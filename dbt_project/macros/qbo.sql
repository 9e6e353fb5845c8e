{#- What QuickBooks Online's records have in common with each other and with no other rail's. -#}

{#- A voided record stays, with its amounts at zero; only the note that QuickBooks writes tells it from one of no amount. -#}
{% macro qbo_is_voided(amount='TotalAmt') -%}
    {{ qbo_has_void_note() }} and coalesce({{ typed('money', 'doc.' ~ amount) }}, 0) = 0
{%- endmacro %}


{% macro qbo_has_void_note() -%}
    coalesce(doc.PrivateNote ilike '%voided%', false)
{%- endmacro %}


{#- Lines of what is bought: on an account, or on an item whose account is the item's. -#}
{% macro qbo_expense_lines() -%}
    {{ return([
        ('line_id', 'Id', 'text'),
        ('description', 'Description', 'text'),
        ('amount', 'Amount', 'money'),
        ('detail_type', 'DetailType', 'text'),
        ('account_id', 'AccountBasedExpenseLineDetail.AccountRef.value', 'text'),
        ('item_id', 'ItemBasedExpenseLineDetail.ItemRef.value', 'text'),
        ('account_customer_id', 'AccountBasedExpenseLineDetail.CustomerRef.value', 'text'),
        ('item_customer_id', 'ItemBasedExpenseLineDetail.CustomerRef.value', 'text'),
    ]) }}
{%- endmacro %}


{#- Lines of what is sold. -#}
{% macro qbo_sales_lines() -%}
    {{ return([
        ('line_id', 'Id', 'text'),
        ('description', 'Description', 'text'),
        ('amount', 'Amount', 'money'),
        ('detail_type', 'DetailType', 'text'),
        ('item_id', 'SalesItemLineDetail.ItemRef.value', 'text'),
        ('item_account_id', 'SalesItemLineDetail.ItemAccountRef.value', 'text'),
    ]) }}
{%- endmacro %}


{#- Lines of a payment: how much of it settles which document. -#}
{% macro qbo_settlement_lines() -%}
    {{ return([('amount', 'Amount', 'money'), ('links', 'LinkedTxn', 'links')]) }}
{%- endmacro %}


{#-
  The lines of a record, one row each, in the order served. parent: the mirror; key: what the record's id is called here;
  columns: names of a line's own columns; derived: {column: SQL over `line`}; of_record: columns of the record.
-#}
{% macro qbo_lines(parent, key, columns, of_record, derived={}) -%}
with records as (
    select * from {{ parent }}
),

lines as (
    select
        records.*,
        unnest(range(1, len(records.lines) + 1)) as line_number,
        unnest(records.lines) as line
    from records
)

select
    lines.business_id,
    lines.connection_id,
    lines.rail,
    lines.record_id as {{ key }},
    lines.line_number,
    {%- for column in columns %}
    lines.line.{{ column }} as {{ column }},
    {%- endfor %}
    {%- for column, expression in derived.items() %}
    {{ expression }} as {{ column }},
    {%- endfor %}
    {%- for column in of_record %}
    lines.{{ column }},
    {%- endfor %}
    lines.txn_date,
    lines.is_voided,
    lines.is_deleted,
    lines.synced_at
from lines
{%- endmacro %}
