{#- The aging bucket of a number of days past due (<= 0 is current). -#}
{% macro aging_bucket(days_past_due) -%}
    case
        when {{ days_past_due }} is null then 'no_due_date'
        when {{ days_past_due }} <= 0 then 'current'
        when {{ days_past_due }} <= 30 then 'd1_30'
        when {{ days_past_due }} <= 60 then 'd31_60'
        when {{ days_past_due }} <= 90 then 'd61_90'
        else 'd90_plus'
    end
{%- endmacro %}


{#- The ledger's own word for where a document stands; time plays no part in it (overdue is a matter of aging). -#}
{% macro ledger_status(is_deleted, is_voided, total_amount, open_amount) -%}
    case
        when {{ is_deleted }} then 'deleted'
        when {{ is_voided }} then 'voided'
        when {{ open_amount }} is null then 'unknown'
        when {{ open_amount }} = 0 then 'paid'
        when {{ open_amount }} < {{ total_amount }} then 'partly_paid'
        else 'open'
    end
{%- endmacro %}


{#- How far an invoice has come, to compare what two rails say of it; what is not known to have come anywhere is 0. -#}
{% macro invoice_progress(status) -%}
    coalesce(list_position(['open', 'partly_paid', 'uncollectible', 'paid'], {{ status }}), 0)
{%- endmacro %}


{#- Address of a record in QuickBooks Online's app. -#}
{% macro qbo_transaction_url(page, record_id) -%}
    'https://app.qbo.intuit.com/app/{{ page }}?txnId=' || {{ record_id }}
{%- endmacro %}


{% macro qbo_name_url(page, record_id) -%}
    'https://app.qbo.intuit.com/app/{{ page }}?nameId=' || {{ record_id }}
{%- endmacro %}


{% macro qbo_account_url(record_id) -%}
    'https://app.qbo.intuit.com/app/register?accountId=' || {{ record_id }}
{%- endmacro %}
