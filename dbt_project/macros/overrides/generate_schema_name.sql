{#- Schemas are exactly what the project file says (staging, marts, ...): the asset key of a model is schema/table. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
