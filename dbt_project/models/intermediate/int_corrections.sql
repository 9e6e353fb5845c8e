{{ config(materialized='table') }}

{%- set fields = correctable_fields() %}

with decisions as (
    select * from {{ ref('stg_control__decisions') }}
    where kind = 'correct' and is_standing
),

record_versions as (
    select * from {{ ref('stg_record_versions') }}
),

corrections as (
    {% for field in fields %}
    select
        decisions.business_id,
        decisions.subject ->> 'rail' as rail,
        decisions.subject ->> 'entity' as entity,
        decisions.subject ->> 'record_id' as record_id,
        '{{ field }}' as field,
        decisions.decision_no,
        decisions.decided_at,
        decisions.subject -> 'fields' ->> '{{ field }}' as corrected
    from decisions
    where (decisions.subject -> 'fields' ->> '{{ field }}') is not null
    {% if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
),

last_words as (
    select *
    from corrections
    qualify row_number() over (
        partition by corrections.business_id, corrections.rail, corrections.entity, corrections.record_id, corrections.field
        order by corrections.decision_no desc
    ) = 1
),

-- What the ledger has said of the field, version by version; what it had said by then was told by the vendor's stamp or by our reading.
said as (
    select
        last_words.business_id,
        last_words.rail,
        last_words.entity,
        last_words.record_id,
        last_words.field,
        log.source_updated_at,
        log.observed_at,
        log.version_no,
        least(log.source_updated_at, log.observed_at) <= last_words.decided_at as is_of_then,
        case last_words.field
            {%- for field, path in fields.items() %}
            when '{{ field }}' then nullif(trim(log.payload ->> '$.{{ path }}'), '')
            {%- endfor %}
        end as value
    from last_words
    inner join record_versions as log
        on
            last_words.business_id = log.business_id
            and last_words.rail = log.rail
            and last_words.entity = log.entity
            and last_words.record_id = log.record_id
    where not log.is_deleted
),

said_then as (
    select
        said.business_id,
        said.rail,
        said.entity,
        said.record_id,
        said.field,
        said.value
    from said
    where said.is_of_then
    qualify row_number() over (
        partition by said.business_id, said.rail, said.entity, said.record_id, said.field
        order by said.source_updated_at desc nulls last, said.observed_at desc, said.version_no desc
    ) = 1
),

-- A payment or a note gives the whole record a new stamp; the correction is over once the field itself was something else.
overtaken as (
    select distinct
        said.business_id,
        said.rail,
        said.entity,
        said.record_id,
        said.field
    from said
    left join said_then
        on
            said.business_id = said_then.business_id
            and said.rail = said_then.rail
            and said.entity = said_then.entity
            and said.record_id = said_then.record_id
            and said.field = said_then.field
    where not said.is_of_then and said.value is not null and said.value is distinct from said_then.value
)

select
    last_words.business_id,
    last_words.rail,
    last_words.entity,
    last_words.record_id,
    try_cast({{ last_word('due_date') }} as date) as due_date,
    {{ is_over('due_date') }} as is_due_date_over,
    {{ last_word('vendor_id') }} as vendor_id,
    {{ is_over('vendor_id') }} as is_vendor_id_over,
    {{ last_word('customer_id') }} as customer_id,
    {{ is_over('customer_id') }} as is_customer_id_over
from last_words
left join overtaken
    on
        last_words.business_id = overtaken.business_id
        and last_words.rail = overtaken.rail
        and last_words.entity = overtaken.entity
        and last_words.record_id = overtaken.record_id
        and last_words.field = overtaken.field
group by last_words.business_id, last_words.rail, last_words.entity, last_words.record_id
