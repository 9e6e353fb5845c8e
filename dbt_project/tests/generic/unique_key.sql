{#- Rows whose key occurs twice or has a missing part. -#}
{% test unique_key(model, columns) %}

select
    {{ columns | join(',\n    ') }},
    count(*) as occurrences
from {{ model }}
group by
    {{ columns | join(',\n    ') }}
having
    count(*) > 1
    {%- for column in columns %}
    or {{ column }} is null
    {%- endfor %}

{% endtest %}
