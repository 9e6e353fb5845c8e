{#-
  What a mirror row could not type: a list of (path, text), one entry per JSON value that was there and became NULL.

  Amounts, dates and flags are compared with their text. An object or list of another kind than expected (a reference
  served as a string) parses to NULLs: its JSON type is looked up, and only where it is NULL and the name occurs at all.
  One business's garbage thus becomes rows of quality.rejected_values, and never fails a model.
-#}
{% macro rejected_values(fields, lines=none) -%}
    list_filter(
        list_concat(
            [
                {'path': '$', 'text': case when doc is null then left(payload, 200) end}
                {%- for field in fields if field.kind not in ('text', 'links', 'coded_lines', 'stripe_balances') %},
                {'path': '{{ field.path }}', 'text': case when {{ field.value }} is null then {{ served_text(field) if field.kind.endswith('_amount') else field.text }} end}
                {%- endfor %}
                {%- for parent, leaves in objects_of(fields).items() %},
                {'path': '{{ parent }}', 'text': {{ not_json_type('coalesce(' ~ leaves | join(', ') ~ ')', parent, 'OBJECT') }}}
                {%- endfor %}
                {%- for field in fields if field.kind in ('links', 'coded_lines', 'stripe_balances') %},
                {'path': '{{ field.path }}', 'text': {{ not_json_type(field.text, field.path, 'ARRAY') }}}
                {%- endfor %}
                {%- if lines %},
                {'path': 'Line', 'text': {{ not_json_type('doc.Line', 'Line', 'ARRAY') }}}
                {%- endif %}
            ],
            {{ rejected_lines(typed_fields(lines, 'numbered.line')) if lines else rejected_balances(fields) }}
        ),
        lambda rejected: rejected.text is not null
    )
{%- endmacro %}


{% macro rejected_lines(lines) -%}
    flatten(list_transform(
        list_transform(range(len(doc.Line)), lambda position: {'position': position, 'line': doc.Line[position + 1]}),
        lambda numbered: [
            {
                'path': 'Line[' || numbered.position || ']',
                'text': case
                    when coalesce({{ lines | rejectattr('kind', 'equalto', 'links') | map(attribute='text') | join(', ') }}) is null
                        then case
                            when try(json_type(payload, '$.Line[' || numbered.position || ']')) not in ('OBJECT', 'NULL')
                                then try(json_extract_string(payload, '$.Line[' || numbered.position || ']'))
                        end
                end
            }
            {%- for line in lines if line.kind not in ('text', 'links') %},
            {
                'path': 'Line[' || numbered.position || '].{{ line.path }}',
                'text': case when {{ line.value }} is null then {{ line.text }} end
            }
            {%- endfor %}
        ]
    ))
{%- endmacro %}


{#- What was served for an amount in minor units, its currency too. -#}
{% macro served_text(field) -%}
    {%- if field.kind == 'ramp_amount' -%}
        {{ field.text }}.amount || coalesce(' ' || {{ field.text }}.currency_code, '')
    {%- else -%}
        {{ field.text }} || coalesce(' ' || doc.currency, '')
    {%- endif -%}
{%- endmacro %}


{#- The amounts within Stripe's lists of balances that could not be typed. -#}
{% macro rejected_balances(fields) -%}
    {%- set balances = fields | selectattr('kind', 'equalto', 'stripe_balances') | list -%}
    {%- if balances -%}
        list_concat(
        {%- for field in balances %}
            list_transform({{ field.text }}, lambda balance: {
                'path': '{{ field.path }}',
                'text': case
                    when {{ stripe_amount('balance.amount', 'balance.currency') }} is null
                        then balance.amount || coalesce(' ' || balance.currency, '')
                end
            })
            {{- ',' if not loop.last }}
        {%- endfor %}
        )
    {%- else -%}
        []
    {%- endif -%}
{%- endmacro %}


{#- The text at a top-level name that is neither null nor of the expected JSON type; looked up where `parsed` is NULL. -#}
{% macro not_json_type(parsed, name, expected) -%}
    case
        when {{ parsed }} is null and contains(payload, '"{{ name }}"')
            then case
                when try(json_type(payload, '$.{{ name }}')) not in ('{{ expected }}', 'NULL')
                    then try(json_extract_string(payload, '$.{{ name }}'))
            end
    end
{%- endmacro %}


{#- {top-level object: its text leaves} of the fields read from objects. -#}
{% macro objects_of(fields) -%}
    {%- set objects = {} -%}
    {%- for field in fields -%}
        {%- if field.kind == 'ramp_amount' -%}
            {%- do objects.setdefault(field.path.split('.')[0], []).append(field.text ~ '.amount') -%}
        {%- elif '.' in field.path -%}
            {%- do objects.setdefault(field.path.split('.')[0], []).append(field.text) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(objects) }}
{%- endmacro %}


{#- The rejected values of a mirror's live records, one row each. -#}
{% macro rejected_in(mirror, entity) -%}
    select
        mirror.business_id,
        mirror.rail,
        '{{ entity }}' as entity,
        mirror.record_id,
        mirror.change_id,
        mirror.synced_at,
        unnest(mirror.rejected_values) as rejected
    from {{ mirror }} as mirror
    where not mirror.is_deleted and len(mirror.rejected_values) > 0
{%- endmacro %}
