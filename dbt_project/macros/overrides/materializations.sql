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
        {{ check_contract(sql) }}
    {%- endif -%}
    {{ carry_out('create or replace view ' ~ target ~ ' as (\n' ~ sql ~ '\n);\n' ~ described(target)) }}
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
        {%- do persist_docs(target, model) -%}
    {%- else -%}
        {{ replace_table(target) }}
    {%- endif -%}
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
        {{ check_contract(compiled_code) }}
        {#- A model that carries on its own history reads the old table until the new one is filled. -#}
        {%- set filling = make_intermediate_relation(target) -%}
        {{ carry_out(
            'drop table if exists ' ~ filling ~ ';\n'
            ~ 'create table ' ~ filling ~ ' ' ~ get_table_columns_and_constraints() ~ ';\n'
            ~ 'insert into ' ~ filling ~ ' ' ~ get_column_names() ~ ' (\n' ~ get_select_subquery(compiled_code) ~ '\n);\n'
            ~ 'drop table if exists ' ~ target ~ ';\n'
            ~ 'alter table ' ~ filling ~ ' rename to ' ~ adapter.quote(target.identifier) ~ ';\n'
            ~ described(target)
        ) }}
    {%- else -%}
        {{ carry_out('create or replace table ' ~ target ~ ' as (\n' ~ compiled_code ~ '\n);\n' ~ described(target)) }}
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
    }) ~ ';\n' ~ described(target)) }}
{%- endmacro %}


{#- The columns of two tables, and whether both have them with one type. -#}
{% macro compared_columns(one, other) -%}
    select
        column_name,
        coalesce(ones.column_type = others.column_type, false) as is_same
    from (describe {{ one }}) as ones
    full join (describe {{ other }}) as others using (column_name)
{%- endmacro %}


{#- Refuses a model whose columns are not those of its contract, in dbt's own words; dbt asks the database twice to know it. -#}
{% macro check_contract(sql) -%}
    {%- if model['columns'] -%}
        {%- set statement -%}
            select coalesce(bool_and(coalesce(ones.column_type = others.column_type, false)), false) as is_kept
            from (describe select * from (
                {{ sql }}
            ) as own) as ones
            full join (describe {{ get_empty_schema_sql(model['columns']) }}) as others
                on lower(ones.column_name) = lower(others.column_name)
        {%- endset -%}
        {%- set _, found = adapter.execute(statement, auto_begin=False, fetch=True) -%}
    {%- endif -%}
    {%- if not found or not found.rows[0][0] -%}
        {{ get_assert_columns_equivalent(sql) }}
    {%- endif -%}
{%- endmacro %}


{#- The statements that describe a relation and its columns; none where `persist_docs` does not ask for them. dbt looks at the
    columns of the relation first, twice, and runs two statements more. -#}
{% macro described(target) -%}
    {%- if config.persist_relation_docs() and model.description -%}
        {{ alter_relation_comment(target, model.description) }}
    {%- endif -%}
    {%- if config.persist_column_docs() -%}
        {%- for name, column in model.columns.items() if column['description'] %}
            comment on column {{ target }}.{{ adapter.quote(name) }} is {{ duckdb_escape_comment(column['description']) }};
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{#- Runs a statement as the one that dbt reports of the node. dbt's own `statement` also writes it to a file. -#}
{% macro carry_out(statement) -%}
    {%- set response, table = adapter.execute(statement, auto_begin=True, fetch=False) -%}
    {{ store_result('main', response=response, agate_table=table) }}
{%- endmacro %}
