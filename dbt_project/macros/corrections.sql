{#- What a person said a document should say, laid over what the ledger says until the ledger catches up. What may be corrected,
    and how a correction is recorded, is in ingestion/control/decision_subjects.py. -#}

{#- `value` of the newest decision that names `field`. -#}
{% macro last_word(field, value) -%}
    arg_max({{ value }}, decisions.decision_no) filter (decisions.subject -> 'fields' ->> '{{ field }}' is not null)
{%- endmacro %}


{#- Whether the correction of `field` counts: the ledger says nothing, or has said nothing since it was made. -#}
{% macro is_corrected(field) -%}
    corrections.{{ field }} is not null
    and (mirror.{{ field }} is null or mirror.source_updated_at <= corrections.{{ field }}_decided_at)
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
