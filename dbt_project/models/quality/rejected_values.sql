with rejections as (
    {%- for rail, table in mirrors() %}
    {{ rejected_in(ref('stg_' ~ rail ~ '__' ~ table), table) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
)

select
    rejections.business_id,
    rejections.rail,
    rejections.entity,
    rejections.record_id,
    rejections.change_id,
    rejections.rejected.path as path,
    rejections.rejected.text as text,
    rejections.synced_at as observed_at
from rejections
