{#-
  A mirror, whole: the latest version of each record of one raw table, typed. What all rails share is here and in the macros
  this calls: which version is the latest (macros/versions.sql), typing by one from_json (macros/typing.sql), minor units
  (macros/minor_units.sql), what could not be typed (macros/rejected.sql), and that a build reads finished loads it has not
  read yet. A model gives what is special to its record:

  fields: [(column, path in the payload, kind)]; the kinds are those of `typed`. lines: the same for the entries of `Line`, which
  become the column `lines`. derived: {column: SQL over the parsed record `doc`}.

  A deleted record stays as a row with is_deleted and the values it last had.
-#}
{% macro mirror(rail, table, fields, lines=none, derived={}) -%}
    {%- set stamped = rail in var('stamping_rails') -%}
    {%- set values = typed_fields(fields, 'doc') -%}
    {%- set has_minor_units = fields | selectattr(2, 'in', ['ramp_amount', 'stripe_amount', 'stripe_balances']) | list -%}
    {{ config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key=['business_id', 'record_id'] if stamped else ['business_id', 'connection_id', 'record_id'],
        on_schema_change='fail',
        meta={'mirrors': {'raw': 'raw_' ~ rail ~ '.' ~ table, 'loads': 'raw_' ~ rail ~ '._dlt_loads'}},
        post_hook="{{ remember_loads(source('raw_" ~ rail ~ "', '_dlt_loads')) }}",
    ) }}

with versions as (
    {{ latest_versions(source('raw_' ~ rail, table), source('raw_' ~ rail, '_dlt_loads'), stamped) }}
),

{% if has_minor_units -%}
exponents as (
    {{ exponent_maps() }}
),

parsed as (
    select
        versions.*,
        exponents.iso_exponents,
        exponents.stripe_exponents,
        {{ parsed_payload(fields, lines) }} as doc
    from versions
    cross join exponents
),
{%- else -%}
parsed as (
    select
        *,
        {{ parsed_payload(fields, lines) }} as doc
    from versions
),
{%- endif %}

renamed as (
    select
        {{ mirror_columns(rail) }},
        {{ typed_columns(values) }},
        {%- for column, expression in derived.items() %}
        {{ expression }} as {{ column }},
        {%- endfor %}
        {%- if lines %}
        {{ typed_lines(lines) }} as lines,
        {%- endif %}
        {{ rejected_values(values, lines) }} as rejected_values
    from parsed
)

select * from renamed
{%- endmacro %}


{#- The columns every mirror row begins with: whose it is, which version it is, when it was seen. -#}
{% macro mirror_columns(rail) -%}
    business_id,
    connection_id,
    '{{ rail }}' as rail,
    record_id,
    change_id,
    source_updated_at,
    synced_at,
    is_deleted
{%- endmacro %}


{#- Per connection, how many live records a mirror holds and how new its newest is; what a rail does not stamp changed when
    it was first seen changed. -#}
{% macro entity_head(mirror, entity) -%}
    select
        mirror.business_id,
        mirror.connection_id,
        mirror.rail,
        '{{ entity }}' as entity,
        count(*) filter (not mirror.is_deleted) as live_count,
        list(mirror.synced_at) filter (mirror.is_deleted) as deleted_at,
        max(coalesce(mirror.source_updated_at, mirror.synced_at)) as newest_change_at,
        max(mirror.synced_at) as newest_observed_at
    from {{ mirror }} as mirror
    group by mirror.business_id, mirror.connection_id, mirror.rail
{%- endmacro %}
