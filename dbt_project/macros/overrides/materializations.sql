{#-
  How views and mirrors are built, with as few statements as DuckDB needs. A cycle builds 150 relations, and in most cycles
  few of them have news: what each costs though nothing changed is what a small cycle takes.
-#}

{#- A view is replaced in one statement; nothing is made beside it and renamed, as dbt does for databases that cannot. -#}
{% materialization view, adapter='duckdb' -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='view') -%}

    {{ run_hooks(pre_hooks) }}
    {%- if existing is not none and not existing.is_view -%}
        {{ drop_relation_if_exists(existing) }}
    {%- endif -%}
    {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(sql) }}
    {%- endif -%}
    {% call statement('main') -%}
        create or replace view {{ target }} as (
            {{ sql }}
        )
    {%- endcall %}
    {%- do persist_docs(target, model) -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}

    {{ return({'relations': [target]}) }}
{%- endmaterialization %}


{#- dbt-duckdb's, except that a mirror whose raw table brought nothing it has not read is left as it is. -#}
{% materialization incremental, adapter='duckdb' -%}
    {%- set mirrored = config.get('meta', {}).get('mirrors') -%}
    {%- if mirrored and is_incremental() and not has_unread(mirrored.raw, mirrored.loads) -%}
        {% call statement('main') -%}
            select 0 as unread_rows
        {%- endcall %}
        {{ run_hooks(post_hooks) }}
        {%- do adapter.commit() -%}
        {{ return({'relations': [this.incorporate(type='table')]}) }}
    {%- endif -%}
    {{ return(dbt.materialization_incremental_duckdb()) }}
{%- endmaterialization %}
