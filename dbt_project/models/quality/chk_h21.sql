with expense_lines as (
    select * from {{ ref('int_expense_lines') }}
),

vendor_categories as (
    select * from {{ ref('int_vendor_categories') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

names as (
    select list(uncategorised.name_part) as parts
    from {{ ref('hygiene_uncategorised_names') }} as uncategorised
),

-- A document stands for its largest line; a line not yet sorted is H12's matter.
documents as (
    select
        expense_lines.business_id,
        expense_lines.rail,
        expense_lines.entity,
        expense_lines.record_id,
        expense_lines.vendor_id,
        expense_lines.account_id,
        expense_lines.account_name,
        expense_lines.amount
    from expense_lines
    inner join calendar on expense_lines.business_id = calendar.business_id
    cross join names
    where
        expense_lines.account_id is not null
        and not {{ is_uncategorised_name('expense_lines.account_name', 'names.parts') }}
        and expense_lines.txn_date > calendar.as_of_date - to_months(cast({{ hygiene_threshold('H21', 'window_months') }} as integer))
        and expense_lines.txn_date <= calendar.as_of_date
    qualify row_number() over (
        partition by expense_lines.business_id, expense_lines.entity, expense_lines.record_id
        order by expense_lines.amount desc nulls last, expense_lines.line_number asc
    ) = 1
)

select
    documents.business_id,
    documents.rail,
    documents.entity,
    documents.record_id,
    documents.account_id,
    vendor_categories.account_id as usual_account_id,
    coalesce(documents.account_name, documents.account_id) || ', usually '
    || coalesce(vendor_categories.account_name, vendor_categories.account_id) as observed,
    documents.amount as impact_amount
from documents
inner join vendor_categories
    on
        documents.business_id = vendor_categories.business_id
        and documents.vendor_id = vendor_categories.vendor_id
where
    vendor_categories.is_majority
    and vendor_categories.vendor_line_count >= {{ hygiene_threshold('H21', 'min_lines') }}
