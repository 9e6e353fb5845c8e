{#- What the models of the chain of custody share. -#}

{#- Weekdays after `earlier` up to `later`, negative never: a Friday and the Monday after it are one apart. Holidays of banks
    count as days, so a deadline in weekdays can be early by as many. -#}
{% macro weekdays_between(earlier, later) -%}
    greatest(
        0,
        ({{ later }} - {{ earlier }}) // 7 * 5
        + len(list_filter(
            range(1, ({{ later }} - {{ earlier }}) % 7 + 1),
            lambda step: isodow({{ earlier }} + cast(step as integer)) < 6
        ))
    )
{%- endmacro %}


{#- Of a debt and a decision on it the one key under which paying it may be tried; the same on every build. -#}
{% macro idempotency_key(business_id, rail, bill_id, decision) -%}
    case
        when {{ decision }} is not null
            then sha256(cast(to_json([{{ business_id }}, {{ rail }}, {{ bill_id }}, {{ decision }}]) as varchar))
    end
{%- endmacro %}
