with quarantined_pages as (
    select * from {{ source('raw_control', 'quarantined_pages') }}
),

renamed as (
    select
        quarantined_pages.quarantine_id,
        quarantined_pages.business_id,
        quarantined_pages.connection_id,
        quarantined_pages.rail,
        quarantined_pages.entity,
        quarantined_pages.sync_id,
        quarantined_pages.reason,
        quarantined_pages.byte_count,
        quarantined_pages.sha256,
        quarantined_pages.path,
        quarantined_pages.quarantined_at,
        quarantined_pages.resolved_at
    from quarantined_pages
)

select * from renamed
