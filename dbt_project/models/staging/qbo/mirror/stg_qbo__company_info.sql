{%- set fields = [
    ('company_name', 'CompanyName', 'text'),
    ('legal_name', 'LegalName', 'text'),
    ('country', 'Country', 'text'),
    ('fiscal_year_start_month', 'FiscalYearStartMonth', 'text'),
    ('company_start_date', 'CompanyStartDate', 'date'),
    ('default_time_zone', 'DefaultTimeZone', 'text'),
    ('created_text', 'MetaData.CreateTime', 'text'),
    ('updated_text', 'MetaData.LastUpdatedTime', 'text'),
] -%}

with versions as (
    {{ latest_versions(source('raw_qbo', 'company_info'), source('raw_qbo', '_dlt_loads')) }}
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
