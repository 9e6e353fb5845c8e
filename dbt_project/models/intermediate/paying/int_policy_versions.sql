with versions as (
    select
        policies.rowid as line_no,
        policies.policy_version,
        policies.effective_from,
        policies.min_buffer_days,
        policies.min_cash_amount,
        policies.max_cash_age_minutes,
        policies.payroll_horizon_days
    from {{ ref('guardrail_policy') }} as policies
),

-- The seed's columns are text, so that a line that cannot be read is refused here instead of stopping every client's figures.
-- `rowcol_assets.guardrail_policy` reads the same file by the same rules.
checked as (
    select
        versions.*,
        case
            when versions.policy_version is null then 'it has no name'
            when versions.effective_from is null then 'it has no effective date'
            when
                not regexp_full_match(versions.effective_from, '\d{4}-\d{2}-\d{2}') or try_cast(versions.effective_from as date) is null
                then 'its effective date is no date (YYYY-MM-DD)'
            when not coalesce(regexp_full_match(versions.min_buffer_days, '\d{1,4}'), false) then 'min_buffer_days is no number of days'
            when
                not coalesce(regexp_full_match(versions.min_cash_amount, '\d{1,13}(\.\d{1,2})?'), false)
                then 'min_cash_amount is no amount of money'
            when
                not coalesce(regexp_full_match(versions.max_cash_age_minutes, '\d{1,6}'), false)
                then 'max_cash_age_minutes is no number of minutes'
            when
                not coalesce(regexp_full_match(versions.payroll_horizon_days, '\d{1,4}'), false)
                then 'payroll_horizon_days is no number of days'
        end as own_reason
    from versions
),

-- Of two lines that say the same thing differently the first counts.
compared as (
    select
        checked.*,
        row_number() over (partition by checked.policy_version, checked.own_reason is null order by checked.line_no) as place_of_name,
        row_number() over (partition by checked.effective_from, checked.own_reason is null order by checked.line_no) as place_of_day
    from checked
)

select
    compared.policy_version,
    try_cast(compared.effective_from as date) as effective_from,
    try_cast(compared.min_buffer_days as integer) as min_buffer_days,
    try_cast(compared.min_cash_amount as decimal(18, 2)) as min_cash_amount,
    try_cast(compared.max_cash_age_minutes as integer) as max_cash_age_minutes,
    try_cast(compared.payroll_horizon_days as integer) as payroll_horizon_days,
    case
        when compared.own_reason is not null then compared.own_reason
        when compared.place_of_name > 1 then 'a version before it has its name'
        when compared.place_of_day > 1 then 'a version before it counts from the same day'
    end as refused_reason
from compared
