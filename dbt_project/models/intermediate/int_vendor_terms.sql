with vendors as (
    select * from {{ ref('stg_qbo__vendors') }}
),

bills as (
    select * from {{ ref('stg_qbo__bills') }}
),

terms as (
    select * from {{ ref('stg_qbo__terms') }}
),

terms_on_bills as (
    select
        bills.business_id,
        bills.vendor_id,
        mode(bills.terms_id order by bills.terms_id) as terms_id
    from bills
    where bills.terms_id is not null and not bills.is_deleted
    group by bills.business_id, bills.vendor_id
),

chosen as (
    select
        vendors.business_id,
        vendors.record_id as vendor_id,
        coalesce(vendors.terms_id, terms_on_bills.terms_id) as terms_id,
        case
            when vendors.terms_id is not null then 'vendor'
            when terms_on_bills.terms_id is not null then 'bills'
            else 'none'
        end as terms_source
    from vendors
    left join terms_on_bills
        on
            vendors.business_id = terms_on_bills.business_id
            and vendors.record_id = terms_on_bills.vendor_id
)

select
    chosen.business_id,
    chosen.vendor_id,
    chosen.terms_id,
    terms.terms_name,
    terms.due_days as terms_due_days,
    chosen.terms_source
from chosen
left join terms
    on
        chosen.business_id = terms.business_id
        and chosen.terms_id = terms.record_id
