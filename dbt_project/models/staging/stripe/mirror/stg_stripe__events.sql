{%- set fields = [
    ('event_type', 'type', 'text'),
    ('api_version', 'api_version', 'text'),
    ('object_id', 'data.object.id', 'text'),
    ('object_type', 'data.object.object', 'text'),
    ('request_id', 'request.id', 'text'),
    ('is_live', 'livemode', 'flag'),
    ('created_at', 'created', 'seconds'),
] -%}

{{ mirror('stripe', 'events', fields) }}
