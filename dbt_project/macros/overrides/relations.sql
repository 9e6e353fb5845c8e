{#- Relations are named by schema and table alone: a view keeps the text it was made with, and a file that is renamed or
    attached under another name would no longer find what its views read. -#}
{% macro ref() -%}
    {{ return(builtins.ref(*varargs, **kwargs).include(database=false)) }}
{%- endmacro %}


{% macro source() -%}
    {{ return(builtins.source(*varargs, **kwargs).include(database=false)) }}
{%- endmacro %}
