{#- Those of a row's `rails_used` that are degraded, comma separated; both are lists in text, '' for none. -#}
{% macro degraded_among(rails_used, degraded_rails) -%}
    array_to_string(
        list_filter(string_split({{ degraded_rails }}, ','), lambda rail: list_contains(string_split({{ rails_used }}, ','), rail)), ','
    )
{%- endmacro %}


{#- The rails a row about one record rests on: its own; of what a person entered, the ledger's too, which would know by now. -#}
{% macro rails_behind(rail) -%}
    case {{ rail }} when 'user' then 'qbo,user' else {{ rail }} end
{%- endmacro %}
