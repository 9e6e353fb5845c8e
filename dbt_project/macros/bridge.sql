{#- How many days `amount` lasts when `flow` was spent in `flow_days`, not rounded; NULL where nothing was. Macro `days_of` is this in two decimals. -#}
{% macro exact_days(amount, flow, flow_days) -%}
    case when {{ flow }} > 0 and {{ flow_days }} > 0 then cast({{ amount }} as double) * {{ flow_days }} / cast({{ flow }} as double) end
{%- endmacro %}


{#- 1 where a document counts in the formula `basis` on `day`, else 0: bills by their due date, invoices until they are too late, on
    short history all. What is no document never does. The query has `placed`, with the horizons of the policy. -#}
{% macro runway_weight(part, basis, due_date, txn_date, day) -%}
    case
        when {{ part }} not in ('payable', 'receivable') then 0
        when {{ basis }} != 'burn' then 1
        when {{ part }} = 'payable' then cast(coalesce({{ due_date }} <= {{ day }} + placed.payable_horizon_days, true) as integer)
        else cast(coalesce({{ day }} - coalesce({{ due_date }}, {{ txn_date }}), 0) <= placed.receivable_horizon_days as integer)
    end
{%- endmacro %}


{#- The order in which causes are told, and in which the first of equally large parts takes what rounding left. -#}
{% macro bridge_causes() -%}
    {{ return([
        'balance', 'cash_source', 'reserves', 'receipts', 'late_receipts', 'new_invoices', 'paid_bills', 'new_bills',
        'bills_coming_due', 'changed_documents', 'late_data', 'burn', 'formula', 'floor', 'unattributed',
    ]) }}
{%- endmacro %}
