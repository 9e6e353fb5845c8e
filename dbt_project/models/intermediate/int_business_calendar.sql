{{ config(materialized='table') }}

with businesses as (
    select * from {{ ref('stg_control__businesses') }}
),

preferences as (
    select * from {{ ref('stg_qbo__preferences') }}
),

companies as (
    select * from {{ ref('stg_qbo__company_info') }}
),

known_time_zones as (
    select pg_timezone_names.name from pg_timezone_names()
),

ledger_clocks as (
    select
        companies.business_id,
        companies.company_name,
        companies.country,
        companies.default_time_zone,
        regexp_extract(coalesce(companies.updated_text, companies.created_text), '[-+]\d{2}:\d{2}$') as served_offset
    from companies
    where not companies.is_deleted
),

resolved as (
    select
        businesses.*,
        ledger_clocks.company_name,
        ledger_clocks.country,
        preferences.home_currency as ledger_currency,
        coalesce(preferences.is_multi_currency, false) as is_multi_currency,
        case
            when set_zone.name is not null then set_zone.name
            when ledger_zone.name is not null then ledger_zone.name
            when ledger_clocks.served_offset != '' then ledger_clocks.served_offset
            else 'UTC'
        end as resolved_time_zone,
        case
            when set_zone.name is not null then 'setting'
            when ledger_zone.name is not null or ledger_clocks.served_offset != '' then 'ledger'
            else 'assumed'
        end as time_zone_source
    from businesses
    left join ledger_clocks on businesses.business_id = ledger_clocks.business_id
    left join preferences
        on
            businesses.business_id = preferences.business_id
            and not preferences.is_deleted
    left join known_time_zones as set_zone on businesses.time_zone = set_zone.name
    left join known_time_zones as ledger_zone on ledger_clocks.default_time_zone = ledger_zone.name
)

select
    resolved.business_id,
    coalesce(resolved.business_name, resolved.company_name, resolved.business_id) as business_name,
    resolved.firm_id,
    resolved.firm_name,
    resolved.country,
    resolved.resolved_time_zone as time_zone,
    resolved.time_zone_source,
    coalesce(nullif(resolved.ledger_currency, ''), resolved.home_currency, 'USD') as home_currency,
    case
        when nullif(resolved.ledger_currency, '') is not null then 'ledger'
        when resolved.home_currency is not null then 'setting'
        else 'assumed'
    end as home_currency_source,
    resolved.is_multi_currency,
    resolved.warning_days,
    resolved.critical_days,
    resolved.healthy_days,
    resolved.min_buffer_days,
    resolved.min_cash_amount,
    resolved.payroll_amount,
    resolved.payroll_next_date,
    resolved.payroll_interval_days,
    resolved.is_paused,
    resolved.onboarded_at,
    resolved.settings_changed_at,
    {{ run_instant() }} as run_at,
    {% if var('as_of_date') -%}
    date '{{ var('as_of_date') }}' as as_of_date
    {%- else -%}
    {{ local_day('resolved.resolved_time_zone', run_instant()) }} as as_of_date
    {%- endif %}
from resolved
