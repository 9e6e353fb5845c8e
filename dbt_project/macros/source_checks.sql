{#- What the frames over a rail's raw records share. They read the mirrors, which are brought forward by what changed, and
    not the payloads: what could not be typed is in `rejected_values` there, with its text. -#}

{#-
  The live records of one mirror as a frame looks at them.

  currency: its column; not_negative: columns with amounts that the vendor documents as positive; rules: {name: condition} on
  `mirror` that holds unless something is NULL; references: {column: entity} of what has to be there in the same business.
-#}
{% macro checked_records(mirror, entity, currency=none, not_negative=[], rules={}, references={}) -%}
    select
        mirror.business_id,
        mirror.rail,
        '{{ entity }}' as entity,
        mirror.record_id,
        mirror.synced_at,
        {{ 'upper(mirror.' ~ currency ~ ')' if currency else 'cast(null as varchar)' }} as currency,
        mirror.rejected_values as rejected,
        list_filter(
            [
                cast(null as varchar)
                {%- for column in not_negative %},
                case when mirror.{{ column }} < 0 then '{{ column }} below zero' end
                {%- endfor %}
                {%- for name, condition in rules.items() %},
                case when not ({{ condition }}) then '{{ name }}' end
                {%- endfor %}
            ],
            lambda one: one is not null
        ) as wrong_signs,
        list_filter(
            [
                {'entity': cast(null as varchar), 'record_id': cast(null as varchar)}
                {%- for column, target in references.items() %},
                {'entity': '{{ target }}', 'record_id': {{ column if '(' in column else 'mirror.' ~ column }}}
                {%- endfor %}
            ],
            lambda one: one.record_id is not null
        ) as refers_to
    from {{ mirror }} as mirror
    where not mirror.is_deleted
{%- endmacro %}


{#- The records that can be referred to, deleted ones included: what refers to them was right when it was made. -#}
{% macro known_records(mirrors) -%}
    {%- for entity, mirror in mirrors.items() %}
    select
        mirror.business_id,
        '{{ entity }}' as entity,
        mirror.record_id
    from {{ mirror }} as mirror
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- The frame: each record of `records` once, with what is wrong with it. known: what can be referred to. -#}
{% macro judged_records(records, known) -%}
    with referred as (
        select
            {{ records }}.business_id,
            {{ records }}.entity,
            {{ records }}.record_id,
            unnest({{ records }}.refers_to) as reference
        from {{ records }}
        -- Lists are read one after the other: what is newer than an hour may refer to what the next sync brings.
        where {{ records }}.synced_at <= {{ run_instant() }} - interval 1 hour
    ),

    readable as (
        select distinct
            {{ known }}.business_id,
            {{ known }}.entity
        from {{ known }}
    ),

    missing as (
        select
            referred.business_id,
            referred.entity,
            referred.record_id,
            count(*) as missing_references,
            string_agg(distinct referred.reference.entity, ' and ') as missing_entities
        from referred
        -- A list that the credentials may not read is no reason to doubt what refers to it.
        inner join readable
            on
                referred.business_id = readable.business_id
                and referred.reference.entity = readable.entity
        anti join {{ known }}
            on
                referred.business_id = {{ known }}.business_id
                and referred.reference.entity = {{ known }}.entity
                and referred.reference.record_id = {{ known }}.record_id
        group by referred.business_id, referred.entity, referred.record_id
    ),

    currencies as (
        select exponents.currency from {{ ref('currency_exponents') }} as exponents
    ),

    -- What two connections of one business both have (the bank of two logins) is one record here.
    each_once as (
        select
            {{ records }}.business_id,
            {{ records }}.rail,
            {{ records }}.entity,
            {{ records }}.record_id,
            bool_and({{ records }}.currency is null or currencies.currency is not null) as is_currency_known,
            any_value({{ records }}.currency) filter (currencies.currency is null) as unknown_currency,
            flatten(list({{ records }}.rejected)) as rejected,
            flatten(list({{ records }}.wrong_signs)) as wrong_signs
        from {{ records }}
        left join currencies on {{ records }}.currency = currencies.currency
        group by {{ records }}.business_id, {{ records }}.rail, {{ records }}.entity, {{ records }}.record_id
    ),

    sorted as (
        select
            each_once.*,
            list_filter(each_once.rejected, lambda one: {{ is_time_path('one.path') }}) as rejected_times,
            list_filter(each_once.rejected, lambda one: not {{ is_time_path('one.path') }}) as rejected_others
        from each_once
    )

    select
        sorted.business_id,
        sorted.rail,
        sorted.entity,
        sorted.record_id,
        sorted.record_id != '' as has_key,
        sorted.is_currency_known,
        len(sorted.rejected_others) as rejected_amounts,
        len(sorted.rejected_times) as rejected_dates,
        len(sorted.wrong_signs) as wrong_signs,
        coalesce(missing.missing_references, 0) as missing_references,
        concat_ws(
            ', ',
            case when not sorted.is_currency_known then 'unknown currency ' || left(sorted.unknown_currency, 20) end,
            case
                when len(sorted.rejected) > 0
                    then 'not readable: ' || list_aggregate(list_transform(sorted.rejected, lambda one: one.path), 'string_agg', ' and ')
            end,
            case when len(sorted.wrong_signs) > 0 then list_aggregate(sorted.wrong_signs, 'string_agg', ', ') end,
            'refers to ' || missing.missing_entities || ' that are not there'
        ) as observed,
        cast(null as decimal(18, 2)) as impact_amount
    from sorted
    left join missing
        on
            sorted.business_id = missing.business_id
            and sorted.entity = missing.entity
            and sorted.record_id = missing.record_id
{%- endmacro %}


{#- Whether a path names a time, by how the three vendors call theirs; what is left are amounts, rates and flags. -#}
{% macro is_time_path(path) -%}
    regexp_matches({{ path }}, '(_at|_on|_by|date|time|created)$')
{%- endmacro %}


{#- The values of one mirror's columns whose possible values the vendor documents, as frame rows before they are judged. -#}
{% macro documented_columns(mirror, entity, columns) -%}
    select
        mirror.business_id,
        mirror.rail,
        '{{ entity }}' as entity,
        mirror.record_id,
        [
            {%- for column in columns %}
            {'field': '{{ column }}', 'value': mirror.{{ column }}}{{ ',' if not loop.last }}
            {%- endfor %}
        ] as named
    from {{ mirror }} as mirror
    where not mirror.is_deleted
{%- endmacro %}


{#- The frame: each record once, with how many of its values are in no list of the vendor's. -#}
{% macro judged_values(records) -%}
    with spread as (
        select
            {{ records }}.business_id,
            {{ records }}.rail,
            {{ records }}.entity,
            {{ records }}.record_id,
            unnest({{ records }}.named) as pair
        from {{ records }}
    ),

    documented as (
        select * from {{ ref('documented_values') }}
    )

    select
        spread.business_id,
        spread.rail,
        spread.entity,
        spread.record_id,
        count(*) filter (spread.pair.value is not null and documented.value is null) as undocumented_values,
        string_agg(spread.pair.field || ' ' || left(spread.pair.value, 40), ', ')
        filter (spread.pair.value is not null and documented.value is null) as observed,
        cast(null as decimal(18, 2)) as impact_amount
    from spread
    left join documented
        on
            spread.rail = documented.rail
            and spread.entity = documented.entity
            and spread.pair.field = documented.field
            and spread.pair.value = documented.value
    group by spread.business_id, spread.rail, spread.entity, spread.record_id
{%- endmacro %}
