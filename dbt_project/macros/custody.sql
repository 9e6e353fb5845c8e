{#- What the models of the chain of custody share. -#}

{#- Of a debt and a decision on it the one key under which paying it may be tried; the same on every build. -#}
{% macro idempotency_key(business_id, rail, bill_id, decision) -%}
    case
        when {{ decision }} is not null
            then sha256(cast(to_json([{{ business_id }}, {{ rail }}, {{ bill_id }}, {{ decision }}]) as varchar))
    end
{%- endmacro %}
