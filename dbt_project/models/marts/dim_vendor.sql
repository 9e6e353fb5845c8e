with vendors as (
    select * from {{ ref('stg_qbo__vendors') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

terms as (
    select * from {{ ref('int_vendor_terms') }}
),

categories as (
    select * from {{ ref('int_vendor_categories') }}
),

party_map as (
    select * from {{ ref('int_party_map') }}
    where party_kind = 'vendor'
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
)

select
    vendors.business_id,
    vendors.rail,
    vendors.record_id,
    vendors.record_id as vendor_id,
    vendors.vendor_name,
    party_map.party_key as vendor_key,
    party_map.canonical_name,
    vendors.company_name,
    vendors.email,
    vendors.phone,
    coalesce(vendors.is_active, true) as is_active,
    vendors.is_deleted,
    terms.terms_id,
    terms.terms_name,
    terms.terms_due_days,
    coalesce(terms.terms_source, 'none') as terms_source,
    categories.account_id as category_account_id,
    categories.account_name as category_name,
    coalesce(vendors.is_1099, false) as is_1099,
    coalesce(vendors.tax_identifier, '') != '' as has_tax_id,
    case
        when coalesce(vendors.tax_identifier, '') != '' then 'present'
        when vendors.is_1099 then 'missing'
        else 'not_required'
    end as tax_id_status,
    vendors.balance_amount,
    coalesce(vendors.currency, calendar.home_currency) as currency,
    {{ qbo_name_url('vendordetail', 'vendors.record_id') }} as source_url,
    {{ utc('vendors.source_updated_at') }} as source_updated_at,
    'qbo' as rails_used,
    {{ degraded_among("'qbo'", 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('vendors.synced_at') }} as synced_at
from vendors
inner join rail_health on vendors.business_id = rail_health.business_id
inner join calendar on vendors.business_id = calendar.business_id
left join terms
    on
        vendors.business_id = terms.business_id
        and vendors.record_id = terms.vendor_id
left join categories
    on
        vendors.business_id = categories.business_id
        and vendors.record_id = categories.vendor_id
left join party_map
    on
        vendors.business_id = party_map.business_id
        and vendors.rail = party_map.rail
        and vendors.record_id = party_map.party_id
