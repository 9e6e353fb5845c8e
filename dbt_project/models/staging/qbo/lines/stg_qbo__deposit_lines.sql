with deposits as (
    select * from {{ ref('stg_qbo__deposits') }}
),

renamed as (
    select
        deposits.business_id,
        deposits.connection_id,
        deposits.rail,
        deposits.record_id as deposit_id,
        unnest(range(1, len(deposits.lines) + 1)) as line_number,
        unnest(deposits.lines) as line,
        deposits.txn_date,
        deposits.is_voided,
        deposits.is_deleted,
        deposits.synced_at
    from deposits
)

select
    renamed.business_id,
    renamed.connection_id,
    renamed.rail,
    renamed.deposit_id,
    renamed.line_number,
    renamed.line.line_id as line_id,
    renamed.line.description as description,
    renamed.line.amount as amount,
    renamed.line.account_id as account_id,
    renamed.line.party_id as party_id,
    renamed.line.party_name as party_name,
    renamed.line.party_type as party_type,
    renamed.line.links as links,
    renamed.txn_date,
    renamed.is_voided,
    renamed.is_deleted,
    renamed.synced_at
from renamed
