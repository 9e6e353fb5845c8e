with heads as (
    {%- for rail, table in mirrors() %}
    {{ entity_head(ref('stg_' ~ rail ~ '__' ~ table), table) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}
)

select
    heads.business_id,
    heads.connection_id,
    heads.rail,
    heads.entity,
    heads.live_count,
    heads.deleted_at,
    heads.newest_change_at,
    heads.newest_observed_at
from heads
