with customers as (
    select * from {{ ref('stg_qbo__customers') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

terms as (
    select * from {{ ref('stg_qbo__terms') }}
),

party_map as (
    select * from {{ ref('int_party_map') }}
    where party_kind = 'customer'
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
)

select
    customers.business_id,
    customers.rail,
    customers.record_id,
    customers.record_id as customer_id,
    customers.customer_name,
    party_map.party_key as customer_key,
    party_map.canonical_name,
    customers.fully_qualified_name,
    customers.company_name,
    customers.email,
    customers.phone,
    coalesce(customers.is_active, true) as is_active,
    customers.is_deleted,
    coalesce(customers.is_job, false) as is_job,
    customers.parent_id,
    customers.terms_id,
    terms.terms_name,
    terms.due_days as terms_due_days,
    customers.balance_amount,
    coalesce(customers.currency, calendar.home_currency) as currency,
    {{ qbo_name_url('customerdetail', 'customers.record_id') }} as source_url,
    {{ utc('customers.source_updated_at') }} as source_updated_at,
    'qbo' as rails_used,
    {{ degraded_among("'qbo'", 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('customers.synced_at') }} as synced_at
from customers
inner join rail_health on customers.business_id = rail_health.business_id
inner join calendar on customers.business_id = calendar.business_id
left join terms
    on
        customers.business_id = terms.business_id
        and customers.terms_id = terms.record_id
left join party_map
    on
        customers.business_id = party_map.business_id
        and customers.rail = party_map.rail
        and customers.record_id = party_map.party_id
