with expense_lines as (
    select * from {{ ref('int_expense_lines') }}
),

names as (
    select list(uncategorised.name_part) as parts
    from {{ ref('hygiene_uncategorised_names') }} as uncategorised
),

judged as (
    select
        expense_lines.*,
        expense_lines.account_id is null
        or {{ is_uncategorised_name('expense_lines.account_name', 'names.parts') }} as is_uncategorised
    from expense_lines
    cross join names
)

select
    judged.business_id,
    judged.rail,
    judged.entity,
    judged.record_id,
    count(*) filter (judged.is_uncategorised) as uncategorised_lines,
    count(*) filter (judged.is_uncategorised) || ' of ' || count(*) || ' lines on '
    || coalesce(string_agg(distinct coalesce(judged.account_name, 'no account'), ', ') filter (judged.is_uncategorised), '') as observed,
    {{ money('sum(judged.amount) filter (judged.is_uncategorised)') }} as impact_amount
from judged
group by judged.business_id, judged.rail, judged.entity, judged.record_id
