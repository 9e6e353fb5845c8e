with grants as (
    select * from {{ source('raw_control', 'grants') }}
),

renamed as (
    select
        grants.business_id,
        grants.advisor_id,
        grants.role,
        grants.valid_from,
        grants.valid_to
    from grants
)

select * from renamed
