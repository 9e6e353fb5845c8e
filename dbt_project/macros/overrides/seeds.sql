{#- A seed is made anew each time: emptied and filled, as dbt does it, a warehouse would refuse a seed that got a column. -#}
{% macro duckdb__reset_csv_table(model, full_refresh, old_relation, agate_table) -%}
    {%- do adapter.drop_relation(old_relation) -%}
    {{ return(create_csv_table(model, agate_table)) }}
{%- endmacro %}
