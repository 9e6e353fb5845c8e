with published_days as (
    select * from {{ source('raw_control', 'published_days') }}
),

renamed as (
    select
        published_days.advisor_id,
        published_days.day,
        published_days.probes,
        published_days.failed_probes,
        published_days.observed_seconds,
        published_days.failed_seconds,
        published_days.last_probe_at
    from published_days
)

select * from renamed
