with recursive payables as (
    select * from {{ ref('stg_qbo__aged_payables') }}
),

receivables as (
    select * from {{ ref('stg_qbo__aged_receivables') }}
),

reports as (
    select
        payables.business_id,
        payables.rail,
        payables.record_id,
        'payable' as side,
        payables.report_rows
    from payables
    where not payables.is_deleted

    union all

    select
        receivables.business_id,
        receivables.rail,
        receivables.record_id,
        'receivable' as side,
        receivables.report_rows
    from receivables
    where not receivables.is_deleted
),

-- A row is a party's, or a section: a party with its own rows below it. place: the numbers on the way to it.
nodes as (
    select
        reports.business_id,
        reports.rail,
        reports.record_id,
        reports.side,
        [position] as place,
        json_extract(reports.report_rows, '$[' || position || ']') as node
    from reports, generate_series(0, cast(json_array_length(reports.report_rows) as bigint) - 1) as numbers (position)

    union all

    select
        nodes.business_id,
        nodes.rail,
        nodes.record_id,
        nodes.side,
        list_append(nodes.place, position) as place,
        json_extract(nodes.node, '$.Rows.Row[' || position || ']') as node
    from nodes, generate_series(0, cast(json_array_length(nodes.node, '$.Rows.Row') as bigint) - 1) as numbers (position)
),

-- A section's summary is of all that is in it; some have the party's own figures in the header, and some there alone.
cells as (
    select
        nodes.business_id,
        nodes.rail,
        nodes.record_id,
        nodes.side,
        nodes.place,
        coalesce(nodes.node ->> '$.group' = 'GrandTotal', false) as is_grand_total,
        coalesce(nodes.node -> '$.Header.ColData[0]', nodes.node -> '$.ColData[0]') as head,
        json_extract_string(coalesce(nodes.node -> '$.Summary.ColData', nodes.node -> '$.ColData'), '$[*].value') as texts
    from nodes
),

amounts as (
    select
        cells.*,
        columns.bucket,
        case cells.texts[columns.position]
            when '' then 0
            else {{ typed('money', 'cells.texts[columns.position]') }}
        end as whole_amount
    from cells
    cross join (
        values
        {%- for bucket in aged_report_columns() %}
        ('{{ bucket }}', {{ loop.index + 1 }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as columns (bucket, position)
),

below as (
    select
        amounts.business_id,
        amounts.record_id,
        list_slice(amounts.place, 1, -2) as place,
        amounts.bucket,
        sum(amounts.whole_amount) as amount
    from amounts
    where len(amounts.place) > 1
    group by amounts.business_id, amounts.record_id, list_slice(amounts.place, 1, -2), amounts.bucket
)

select
    amounts.business_id,
    amounts.rail,
    amounts.record_id,
    amounts.side,
    array_to_string(amounts.place, '.') as place,
    amounts.is_grand_total,
    nullif(amounts.head ->> '$.id', '') as party_id,
    amounts.head ->> '$.value' as party_name,
    amounts.bucket,
    cast(amounts.whole_amount - coalesce(below.amount, 0) as decimal(18, 2)) as amount
from amounts
left join below
    on
        amounts.business_id = below.business_id
        and amounts.record_id = below.record_id
        and amounts.place = below.place
        and amounts.bucket = below.bucket
