with businesses as (
    select * from {{ source('raw_control', 'businesses') }}
),

renamed as (
    select
        businesses.business_id,
        businesses.business_name,
        businesses.firm_id,
        businesses.firm_name,
        businesses.timezone as time_zone,
        businesses.home_currency,
        businesses.warning_days,
        businesses.critical_days,
        businesses.healthy_days,
        businesses.min_buffer_days,
        businesses.min_cash_amount,
        businesses.payroll_amount,
        businesses.payroll_next_date,
        businesses.payroll_interval_days,
        businesses.is_paused,
        businesses.onboarded_at,
        businesses.changed_at as settings_changed_at
    from businesses
)

select * from renamed
