with bridge as (
    select * from {{ ref('int_runway_bridge') }}
    where
        cause in ('balance', 'burn', 'no_history')
        or amount != 0
        or days != 0
        or record_count > 0
),

log as (
    select * from {{ source('audit', 'transaction_log') }}
),

records as (
    select
        bridge.business_id,
        bridge.period,
        bridge.cause,
        bridge.from_at,
        bridge.to_at,
        unnest(bridge.largest_records) as record,
        generate_subscripts(bridge.largest_records, 1) as size_rank
    from bridge
),

-- What was heard of a record between the two days.
heard as (
    select
        records.business_id,
        records.period,
        records.cause,
        records.size_rank,
        list(log.event_id order by log.seq)[:5] as event_ids
    from records
    inner join log
        on
            records.business_id = log.business_id
            and records.record.rail = coalesce(log.rail, 'control')
            and records.record.entity = log.entity
            and records.record.record_id = log.record_id
            and log.observed_at > records.from_at
            and log.observed_at <= records.to_at
    group by records.business_id, records.period, records.cause, records.size_rank
),

told as (
    select
        records.business_id,
        records.period,
        records.cause,
        cast(to_json(list({
            'rail': records.record.rail,
            'entity': records.record.entity,
            'record_id': records.record.record_id,
            'document_number': records.record.document_number,
            'party_name': records.record.party_name,
            'amount': records.record.amount,
            'cash_amount': records.record.cash_amount,
            'outflow_amount': records.record.outflow_amount,
            'event_ids': coalesce(heard.event_ids, [])
        } order by records.size_rank)) as varchar) as records
    from records
    left join heard
        on
            records.business_id = heard.business_id
            and records.period = heard.period
            and records.cause = heard.cause
            and records.size_rank = heard.size_rank
    group by records.business_id, records.period, records.cause
)

select
    bridge.business_id,
    bridge.period,
    bridge.from_date,
    bridge.to_date,
    bridge.cause,
    cast(bridge.cause_rank as integer) as cause_rank,
    bridge.days as change_days,
    bridge.amount as change_amount,
    bridge.outflow_amount,
    bridge.currency,
    bridge.runway_days_from,
    bridge.runway_days_to,
    bridge.change_days as total_change_days,
    bridge.change_amount as total_change_amount,
    bridge.basis as runway_basis,
    cast(bridge.record_count as integer) as record_count,
    coalesce(told.records, '[]') as records,
    bridge.null_reason,
    bridge.rails_used,
    bridge.degraded_rails,
    bridge.synced_at
from bridge
left join told
    on
        bridge.business_id = told.business_id
        and bridge.period = told.period
        and bridge.cause = told.cause
