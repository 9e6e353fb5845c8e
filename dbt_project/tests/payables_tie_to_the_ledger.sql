{#- A client's ledger can trip this (a journal entry posted to the account, an account read minutes later): it warns, and
    the hygiene check H41 tells the advisor. -#}
{{ config(severity='warn', meta={'dagster': {'ref': {'name': 'fct_ap_aging'}}}) }}

with aged as (
    select
        business_id,
        sum(open_amount) as aged_amount
    from {{ ref('fct_ap_aging') }}
    where rail != 'user'
    group by business_id
),

ledger as (
    select
        accounts.business_id,
        sum(accounts.current_balance) * -1 as ledger_amount
    from {{ ref('stg_qbo__accounts') }} as accounts
    where accounts.account_type = 'Accounts Payable' and not accounts.is_deleted
    group by accounts.business_id
)

select
    ledger.business_id,
    ledger.ledger_amount,
    aged.aged_amount
from ledger
left join aged on ledger.business_id = aged.business_id
where ledger.ledger_amount != coalesce(aged.aged_amount, 0)
