with versions as (
    {{ latest_versions(source('raw_toy', 'things'), source('raw_toy', '_dlt_loads')) }}
)

select
    {{ mirror_columns('toy') }},
    json_extract_string(payload, '$.name') as thing_name,
    json_extract_string(payload, '$.price') as price
from versions
