{#- What a person said a document should say, laid over what the ledger says until the ledger catches up. What may be corrected,
    and how a correction is recorded, is in ingestion/control/decision_subjects.py; when one is over, in `int_corrections`. -#}

{#- The fields that may be corrected, and where the ledger's record has them. -#}
{% macro correctable_fields() -%}
    {{ return({'due_date': 'DueDate', 'vendor_id': 'VendorRef.value', 'customer_id': 'CustomerRef.value'}) }}
{%- endmacro %}


{#- Of the rows per field that a document has in `int_corrections`, what was said of one of them. -#}
{% macro last_word(field) -%}
    max(last_words.corrected) filter (last_words.field = '{{ field }}')
{%- endmacro %}


{#- Likewise, whether the ledger has said something else of it since. -#}
{% macro is_over(field) -%}
    coalesce(bool_or(overtaken.field is not null) filter (last_words.field = '{{ field }}'), false)
{%- endmacro %}


{#- Whether the correction of `field` counts: the ledger says nothing, or has said nothing else of it since it was made. -#}
{% macro is_corrected(field) -%}
    corrections.{{ field }} is not null
    and (mirror.{{ field }} is null or not corrections.is_{{ field }}_over)
{%- endmacro %}


{#- The documents of `mirror` with `corrections` laid over `fields`; corrected_fields names those that a person said. -#}
{% macro corrected_documents(fields) -%}
    select
        mirror.* replace (
            {%- for field in fields %}
            case when {{ is_corrected(field) }} then corrections.{{ field }} else mirror.{{ field }} end as {{ field }}{{ ',' if not loop.last }}
            {%- endfor %}
        ),
        nullif(concat_ws(
            ',',
            {%- for field in fields %}
            case when {{ is_corrected(field) }} then '{{ field }}' end{{ ',' if not loop.last }}
            {%- endfor %}
        ), '') as corrected_fields
    from mirror
    left join corrections
        on
            mirror.business_id = corrections.business_id
            and mirror.rail = corrections.rail
            and mirror.record_id = corrections.record_id
{%- endmacro %}
