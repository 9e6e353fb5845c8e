{%- set tables = [
    ('qbo', 'vendors'),
    ('qbo', 'customers'),
    ('ramp', 'vendors'),
    ('ramp', 'vendor_accounts'),
    ('plaid', 'transactions'),
    ('stripe', 'customers'),
] -%}
{% for rail, entity in tables %}
select
    log.business_id,
    '{{ rail }}' as rail,
    '{{ entity }}' as entity,
    log.record_id,
    min(log.observed_at) as first_seen_at
from {{ source('raw_' ~ rail, entity) }} as log
where
    log._dlt_load_id in ({{ readable_loads(source('raw_' ~ rail, '_dlt_loads')) }})
    {% if var('known_at') -%}
    and log.observed_at <= timestamptz '{{ var('known_at') }}'
    {%- endif %}
group by log.business_id, log.record_id
{% if not loop.last %}
union all
{% endif %}
{%- endfor %}
