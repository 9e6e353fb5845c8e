with events as (
    select * from {{ source('audit', 'transaction_log') }}
),

renamed as (
    select
        events.business_id,
        events.seq,
        timezone('UTC', coalesce(events.occurred_at, events.observed_at)) as set_at,
        try_cast(events.snapshot ->> 'min_buffer_days' as integer) as min_buffer_days,
        try_cast(events.snapshot ->> 'min_cash_amount' as decimal(18, 2)) as min_cash_amount
    from events
    where events.entity = 'businesses' and events.rail is null
)

select * from renamed
