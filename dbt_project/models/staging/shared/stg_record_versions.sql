{%- set tables = [
    ('qbo', 'accounts'),
    ('qbo', 'bills'),
    ('qbo', 'invoices'),
    ('qbo', 'bill_payments'),
    ('qbo', 'purchases'),
    ('qbo', 'payments'),
    ('qbo', 'sales_receipts'),
    ('qbo', 'refund_receipts'),
    ('qbo', 'deposits'),
    ('qbo', 'transfers'),
    ('ramp', 'bills'),
    ('ramp', 'transfers'),
    ('ramp', 'reimbursements'),
    ('plaid', 'balances'),
    ('plaid', 'transactions'),
    ('stripe', 'payouts'),
] -%}
{% for rail, entity in tables %}
select
    log.business_id,
    log.connection_id,
    '{{ rail }}' as rail,
    '{{ entity }}' as entity,
    log.record_id,
    log.version_no,
    log.source_updated_at,
    log.observed_at,
    log.is_deleted,
    log.payload
from {{ source('raw_' ~ rail, entity) }} as log
where
    log._dlt_load_id in ({{ readable_loads(source('raw_' ~ rail, '_dlt_loads')) }})
    {% if var('known_at') -%}
    and log.observed_at <= timestamptz '{{ var('known_at') }}'
    {%- endif %}
{% if not loop.last %}
union all
{% endif %}
{%- endfor %}
