{{ config(materialized='table') }}

with accounts as (
    select * from {{ ref('stg_plaid__accounts') }}
),

connections as (
    select * from {{ ref('stg_control__connections') }}
    where rail = 'plaid'
),

items as (
    select * from {{ ref('stg_plaid__items') }}
),

transactions as (
    select * from {{ ref('stg_plaid__transactions') }}
    where not is_deleted and not coalesce(is_pending, false)
),

-- An account is told of until its login is removed here, or no longer shows it.
told as (
    select
        accounts.business_id,
        accounts.connection_id,
        accounts.rail,
        accounts.record_id as account_id,
        accounts.change_id,
        accounts.account_name,
        accounts.account_type,
        accounts.account_sub_type,
        accounts.mask,
        accounts.persistent_account_id,
        items.institution_id,
        accounts.currency,
        accounts.is_deleted,
        connections.is_removed,
        least(connections.removed_at, case when accounts.is_deleted then accounts.synced_at end) as ended_at,
        accounts.synced_at
    from accounts
    inner join connections
        on
            accounts.business_id = connections.business_id
            and accounts.connection_id = connections.connection_id
    left join items
        on
            accounts.business_id = items.business_id
            and accounts.connection_id = items.connection_id
),

first_days as (
    select
        transactions.business_id,
        transactions.connection_id,
        transactions.account_id,
        min(transactions.posted_date) as first_date
    from transactions
    group by transactions.business_id, transactions.connection_id, transactions.account_id
),

-- A bank linked again is another login with other ids that tells of the same account once more: known by the id that outlives a
-- link, and where one of the two has none, by the bank, the number's end and the kind of account. Both hold what was posted while
-- the later one can look back; what is older, or all of it until the later one has been read, the former one alone has.
superseded as (
    select
        former.business_id,
        former.connection_id,
        former.account_id,
        min(first_days.first_date) as counts_before,
        arg_max(later.account_id, (coalesce(later.ended_at, timestamptz 'infinity'), later.account_id)) as current_account_id
    from told as former
    inner join told as later
        on
            former.business_id = later.business_id
            and coalesce(
                former.persistent_account_id = later.persistent_account_id,
                former.mask = later.mask
                and former.account_sub_type = later.account_sub_type
                and coalesce(former.institution_id = later.institution_id, true)
            )
            and former.ended_at < coalesce(later.ended_at, timestamptz 'infinity')
    left join first_days
        on
            later.business_id = first_days.business_id
            and later.connection_id = first_days.connection_id
            and later.account_id = first_days.account_id
    group by former.business_id, former.connection_id, former.account_id
)

select
    told.business_id,
    told.connection_id,
    told.rail,
    told.account_id,
    told.change_id,
    told.account_name,
    told.account_type,
    told.account_sub_type,
    told.mask,
    told.currency,
    told.is_deleted,
    told.is_removed,
    superseded.account_id is not null as is_superseded,
    superseded.counts_before,
    coalesce(superseded.current_account_id, told.account_id) as current_account_id,
    told.synced_at
from told
left join superseded
    on
        told.business_id = superseded.business_id
        and told.connection_id = superseded.connection_id
        and told.account_id = superseded.account_id
