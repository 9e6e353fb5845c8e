{%- set fields = [
    ('terms_name', 'Name', 'text'),
    ('terms_type', 'Type', 'text'),
    ('is_active', 'Active', 'flag'),
    ('due_days', 'DueDays', 'number'),
    ('day_of_month_due', 'DayOfMonthDue', 'number'),
    ('discount_days', 'DiscountDays', 'number'),
    ('discount_percent', 'DiscountPercent', 'rate'),
    ('created_at', 'MetaData.CreateTime', 'instant'),
] -%}

with versions as (
    {{ latest_versions(source('raw_qbo', 'terms'), source('raw_qbo', '_dlt_loads')) }}
),

parsed as (
    select
        *,
        {{ parsed_payload(fields) }} as doc
    from versions
),

renamed as (
    select
        {{ mirror_columns('qbo') }},
        {{ typed_columns(fields) }},
        {{ rejected_values(fields) }} as rejected_values
    from parsed
)

select * from renamed
