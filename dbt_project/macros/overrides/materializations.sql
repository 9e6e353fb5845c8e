{#- How relations are made here: replaced in one transaction, or added to by their delta. dbt's own ways make each relation beside
    the old one and rename both, for databases that cannot replace one; a build of small businesses spent most of its time there. -#}

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
    {{ carry_out('create or replace view ' ~ target ~ ' as (\n' ~ sql ~ '\n)') }}
    {%- do persist_docs(target, model) -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}

    {{ return({'relations': [target]}) }}
{%- endmaterialization %}


{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] -%}
    {%- set target = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks) }}
    {%- if model['language'] == 'python' -%}
        {{ drop_relation_if_exists(load_cached_relation(this)) }}
        {#- dbt lets a materialization alone run Python, not a macro that it calls. -#}
        {%- call statement('main', language='python') -%}
            {{ create_table_as(False, target, compiled_code, 'python') }}
        {%- endcall -%}
    {%- else -%}
        {{ replace_table(target) }}
    {%- endif -%}
    {%- do persist_docs(target, model) -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}

    {{ return({'relations': [target]}) }}
{%- endmaterialization %}


{% materialization incremental, adapter='duckdb' -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks) }}
    {%- if existing is none or not existing.is_table or should_full_refresh() -%}
        {{ replace_table(target) }}
    {%- else -%}
        {{ add_delta(target) }}
    {%- endif -%}
    {%- do persist_docs(target, model) -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}

    {{ return({'relations': [target]}) }}
{%- endmaterialization %}


{#- The model's rows as the table `target`, whatever was there before. Under a contract the table has the columns, types and
    constraints the contract says. -#}
{% macro replace_table(target) -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none and not existing.is_table -%}
        {{ drop_relation_if_exists(existing) }}
    {%- endif -%}
    {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(compiled_code) }}
        {#- A model that carries on its own history reads the old table until the new one is filled. -#}
        {%- set filling = make_intermediate_relation(target) -%}
        {{ carry_out(
            'drop table if exists ' ~ filling ~ ';\n'
            ~ 'create table ' ~ filling ~ ' ' ~ get_table_columns_and_constraints() ~ ';\n'
            ~ 'insert into ' ~ filling ~ ' ' ~ get_column_names() ~ ' (\n' ~ get_select_subquery(compiled_code) ~ '\n);\n'
            ~ 'drop table if exists ' ~ target ~ ';\n'
            ~ 'alter table ' ~ filling ~ ' rename to ' ~ adapter.quote(target.identifier)
        ) }}
    {%- else -%}
        {{ carry_out('create or replace table ' ~ target ~ ' as (\n' ~ compiled_code ~ '\n)') }}
    {%- endif -%}
{%- endmacro %}


{#- The model's rows put into the table `target` by the model's strategy. Columns are compared first: where they are not the
    table's, `on_schema_change` says what happens. -#}
{% macro add_delta(target) -%}
    {%- set delta = make_temp_relation(target) -%}
    {%- do adapter.execute(create_table_as(True, delta, compiled_code, 'sql'), auto_begin=True) -%}
    {%- set _, found = adapter.execute(compared_columns(target, delta), fetch=True) -%}
    {%- set columns = [] -%}
    {%- for name, is_same in found.rows -%}
        {%- do columns.append({'name': name}) -%}
    {%- endfor -%}
    {%- if not found.columns[1].values() | min -%}
        {%- set on_change = incremental_validate_on_schema_change(config.get('on_schema_change'), default='fail') -%}
        {%- set columns = process_schema_changes(on_change, delta, target) or adapter.get_columns_in_relation(target) -%}
    {%- endif -%}
    {%- set strategy = adapter.get_incremental_strategy_macro(context, config.get('incremental_strategy') or 'default') -%}
    {{ carry_out(strategy({
        'target_relation': target,
        'temp_relation': delta,
        'unique_key': config.get('unique_key'),
        'dest_columns': columns,
        'incremental_predicates': config.get('incremental_predicates'),
    })) }}
{%- endmacro %}


{#- The columns of two tables, and whether both have them with one type. -#}
{% macro compared_columns(one, other) -%}
    select
        column_name,
        coalesce(ones.column_type = others.column_type, false) as is_same
    from (describe {{ one }}) as ones
    full join (describe {{ other }}) as others using (column_name)
{%- endmacro %}


{#- Runs a statement as the one that dbt reports of the node. dbt's own `statement` also writes it to a file. -#}
{% macro carry_out(statement) -%}
    {%- set response, table = adapter.execute(statement, auto_begin=True, fetch=False) -%}
    {{ store_result('main', response=response, agate_table=table) }}
{%- endmacro %}
