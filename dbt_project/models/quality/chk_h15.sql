with bills as (
    select * from {{ ref('int_ledger_bills') }}
),

span as (
    select to_days(cast({{ hygiene_threshold('H15', 'window_days') }} as integer)) as days
),

-- Of two equal bills the one to keep is the paid one, else the earlier one; only the other puts its amount at risk.
ranked as (
    select
        bills.*,
        span.days as span_days,
        nullif(lower(trim(bills.document_number)), '') as document_key,
        row_number() over (
            partition by bills.business_id
            order by bills.is_open asc, bills.txn_date asc, bills.created_at asc, len(bills.record_id) asc, bills.record_id asc
        ) as keep_rank
    from bills
    cross join span
    where
        not bills.is_deleted
        and not bills.is_voided
        and bills.vendor_id is not null
        and bills.total_amount > 0
),

compared as (
    select
        ranked.*,
        min(ranked.keep_rank) over same_amount as amount_rank,
        arg_min(ranked.record_id, ranked.keep_rank) over same_amount as amount_twin,
        case when ranked.document_key is not null then min(ranked.keep_rank) over same_number end as number_rank,
        case when ranked.document_key is not null then arg_min(ranked.record_id, ranked.keep_rank) over same_number end as number_twin
    from ranked
    window
        same_amount as (
            partition by ranked.business_id, ranked.vendor_id, ranked.total_amount, ranked.currency
            order by ranked.txn_date
            range between ranked.span_days preceding and ranked.span_days following exclude current row
        ),
        same_number as (
            partition by ranked.business_id, ranked.vendor_id, ranked.document_key
            order by ranked.keep_rank
            rows between unbounded preceding and unbounded following exclude current row
        )
)

-- A paid bill is past helping; until a person decides, neither of two open ones is paid.
select
    compared.business_id,
    compared.rail,
    'bills' as entity,
    compared.record_id,
    coalesce(compared.number_twin, compared.amount_twin) as duplicate_of,
    {{ shown_amount('compared.total_amount', 'compared.currency') }} || ' dated ' || {{ shown_date('compared.txn_date') }}
    || case
        when compared.number_twin is not null then ', same number ' || compared.document_number || ' as bill ' || compared.number_twin
        when compared.amount_twin is not null then ', same vendor and amount as bill ' || compared.amount_twin
        else ''
    end as observed,
    case when least(compared.number_rank, compared.amount_rank) < compared.keep_rank then compared.home_total_amount end as impact_amount
from compared
where compared.is_open
