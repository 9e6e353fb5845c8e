with vendors as (
    select * from {{ ref('stg_qbo__vendors') }}
)

select
    vendors.business_id,
    vendors.rail,
    'vendors' as entity,
    vendors.record_id,
    {{ normalised_name('vendors.vendor_name') }} as normalised_name,
    coalesce(vendors.vendor_name, 'vendor without a name') as observed,
    cast(null as decimal(18, 2)) as impact_amount
from vendors
where not vendors.is_deleted and coalesce(vendors.is_active, true)
