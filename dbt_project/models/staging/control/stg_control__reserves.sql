with reserves as (
    select * from {{ source('raw_control', 'reserves') }}
),

renamed as (
    select
        reserves.business_id,
        reserves.reserve_id,
        reserves.kind,
        reserves.amount,
        reserves.active_from,
        reserves.active_until
    from reserves
)

select * from renamed
