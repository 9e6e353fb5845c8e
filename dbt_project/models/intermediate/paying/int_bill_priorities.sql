with bills as (
    select * from {{ ref('int_bills') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

categories as (
    select * from {{ ref('int_bill_categories') }}
),

rules as (
    select * from {{ ref('payment_priorities') }}
),

spend as (
    select
        bills.business_id,
        bills.vendor_id,
        sum(bills.home_total_amount) as spent_amount
    from bills
    inner join calendar on bills.business_id = calendar.business_id
    where not bills.is_deleted and bills.txn_date > calendar.as_of_date - 365
    group by bills.business_id, bills.vendor_id
),

shares as (
    select
        spend.business_id,
        spend.vendor_id,
        spend.spent_amount,
        sum(spend.spent_amount) over (partition by spend.business_id) as total_amount
    from spend
),

open_bills as (
    select
        bills.business_id,
        bills.rail,
        bills.record_id,
        bills.due_date - bills.as_of_date as due_in_days,
        lower(concat_ws(' ', categories.account_name, bills.vendor_name)) as names,
        shares.spent_amount,
        shares.total_amount
    from bills
    left join categories
        on
            bills.business_id = categories.business_id
            and bills.record_id = categories.bill_id
    left join shares
        on
            bills.business_id = shares.business_id
            and bills.vendor_id = shares.vendor_id
    where bills.is_open
)

select
    open_bills.business_id,
    open_bills.rail,
    open_bills.record_id,
    arg_min(rules.priority, rules.precedence) as priority,
    arg_min(rules.rule, rules.precedence) as priority_rule,
    min(rules.precedence) as priority_rank
from open_bills
inner join rules
    on
        (rules.name_pattern is null or regexp_matches(open_bills.names, rules.name_pattern))
        and case rules.due_condition
            when 'undated' then open_bills.due_in_days is null
            when 'within' then coalesce(open_bills.due_in_days <= rules.due_days, false)
            when 'after' then coalesce(open_bills.due_in_days > rules.due_days, false)
            else true
        end
        and (rules.min_spend_share is null or coalesce(open_bills.spent_amount >= rules.min_spend_share * open_bills.total_amount, false))
group by open_bills.business_id, open_bills.rail, open_bills.record_id
