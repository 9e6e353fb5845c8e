{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['business_id', 'as_of_date'],
    on_schema_change='append_new_columns',
    full_refresh=false,
) }}

with accounts as (
    select * from {{ ref('int_cash_accounts') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
)

select
    accounts.business_id,
    accounts.as_of_date,
    accounts.rail,
    accounts.account_id,
    accounts.account_name,
    accounts.account_sub_type,
    accounts.balance_amount,
    accounts.currency,
    accounts.home_balance_amount,
    accounts.home_currency,
    case when accounts.home_balance_amount is null and accounts.balance_amount is not null then 'no_exchange_rate' end as excluded_reason,
    {{ utc('accounts.source_updated_at') }} as balance_at,
    accounts.entity,
    accounts.account_id as record_id,
    accounts.change_id,
    case when accounts.rail = 'qbo' then {{ qbo_account_url('accounts.account_id') }} end as source_url,
    accounts.rail as rails_used,
    {{ degraded_among('accounts.rail', 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('accounts.synced_at') }} as synced_at
from accounts
inner join rail_health on accounts.business_id = rail_health.business_id
{{ where_day_is_open('accounts') }}
