{#- Daily history: today's row is replaced, a day that has a later one is closed. A replay that values another date
    (`as_of_date`) writes into its own file and may set any day. -#}
{% macro where_day_is_open(current) -%}
    {%- if is_incremental() and not var('as_of_date') -%}
    where
        not exists (
            select 1
            from {{ this }} as history
            where
                history.business_id = {{ current }}.business_id
                and history.as_of_date > {{ current }}.as_of_date
        )
    {%- endif -%}
{%- endmacro %}


{#- Post-hook of incremental facts: rows of a business that is no longer onboarded go. -#}
{% macro forget_departed_businesses() -%}
    delete from {{ this }} as facts
    where
        not exists (
            select 1
            from {{ ref('int_business_calendar') }} as calendar
            where calendar.business_id = facts.business_id
        )
{%- endmacro %}


{#- Tells whether a table made by an earlier version of its model already has `names`; where it lacks one, every row is new. -#}
{% macro has_columns(relation, names) -%}
    {%- set present = adapter.get_columns_in_relation(relation) | map(attribute='name') | list if execute else [] -%}
    {{ return(names | reject('in', present) | list | length == 0) }}
{%- endmacro %}
