{#- Records of the ledger that pay wages: (business_id, entity, record_id). Wages are booked as an expense; paying over what was
    withheld is payroll too, but has a rhythm of its own. -#}
{% macro wage_records() -%}
    {%- for entity, lines, key in [
        ('journal_entries', 'stg_qbo__journal_entry_lines', 'journal_entry_id'), ('purchases', 'stg_qbo__purchase_lines', 'purchase_id'),
    ] %}
    select distinct
        lines.business_id,
        '{{ entity }}' as entity,
        lines.{{ key }} as record_id
    from {{ ref(lines) }} as lines
    inner join {{ ref('int_ledger_accounts') }} as accounts
        on
            lines.business_id = accounts.business_id
            and lines.account_id = accounts.account_id
            and accounts.is_payroll
            and accounts.is_expense
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
