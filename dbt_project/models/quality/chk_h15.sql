with bills as (
    select * from {{ ref('int_bills') }}
),

span as (
    select to_days(cast({{ hygiene_threshold('H15', 'window_days') }} as integer)) as days
),

-- Of two equal bills the one to keep is the paid one, else the earlier one; only the other is the duplicate.
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
        min(ranked.keep_rank) over same_number as number_rank,
        arg_min(ranked.record_id, ranked.keep_rank) over same_number as number_twin
    from ranked
    window
        same_amount as (
            partition by ranked.business_id, ranked.vendor_id, ranked.total_amount, ranked.currency
            order by ranked.txn_date
            range between ranked.span_days preceding and ranked.span_days following
        ),
        same_number as (partition by ranked.business_id, ranked.vendor_id, ranked.document_key)
),

decided as (
    select
        compared.*,
        case
            when compared.document_key is not null and compared.number_rank < compared.keep_rank then compared.number_twin
            when compared.amount_rank < compared.keep_rank then compared.amount_twin
        end as duplicate_of
    from compared
)

select
    decided.business_id,
    decided.rail,
    'bills' as entity,
    decided.record_id,
    decided.duplicate_of,
    {{ shown_amount('decided.total_amount', 'decided.currency') }} || ' dated ' || {{ shown_date('decided.txn_date') }}
    || case
        when decided.document_key is not null and decided.number_rank < decided.keep_rank
            then ', same number ' || decided.document_number || ' as bill '
        else ', same vendor and amount as bill '
    end || coalesce(decided.duplicate_of, '') as observed,
    decided.home_total_amount as impact_amount
from decided
