{#-
  QuickBooks Online's aged reports: what the two mirrors share, and what their rows are compared with.

  The report's rows stay JSON in the mirror, since they nest to any depth (a customer's jobs are rows below it);
  `stg_qbo__aged_report_lines` takes them apart.
-#}
{% macro aged_report(table) -%}
    {%- set fields = [
        ('report_name', 'Header.ReportName', 'text'),
        ('report_date', 'Header.EndPeriod', 'date'),
        ('reported_at', 'Header.Time', 'instant'),
        ('currency', 'Header.Currency', 'text'),
    ] -%}
    {{ mirror('qbo', table, fields, derived={
        'is_without_data': report_says('NoReportData', 'true'),
        'column_count': "cast(json_array_length(payload, '$.Columns.Column') as integer)",
        'report_rows': "json_extract(payload, '$.Rows.Row')",
    }) }}
{%- endmacro %}


{#- Whether the report's header has an option of this value. -#}
{% macro report_says(name, value) -%}
    coalesce(
        len(list_filter(
            try(from_json(json_extract(payload, '$.Header.Option'), '[{"Name": "VARCHAR", "Value": "VARCHAR"}]')),
            lambda option: option.Name = '{{ name }}' and option.Value = '{{ value }}'
        )) > 0,
        false
    )
{%- endmacro %}


{#- The report's columns of amounts, by our names for them. Their titles are in the company's language; we ask for these. -#}
{% macro aged_report_columns() -%}
    {{ return(['current', 'd1_30', 'd31_60', 'd61_90', 'd90_plus', 'total']) }}
{%- endmacro %}


{#-
  Our open documents of one side as of the ledger's report, as rows of (business_id, side, party_id, aged_from, amount).

  Nothing dated after the report counts, as in the report: a document is left out, and what a later payment settles is
  open again. A document without due date is aged by its own date, as the ledger does. documents: the side's open documents,
  bills: the mirror they come from, whose own party and due date the report has and not a correction made here; lines: the
  lines of the payments that settle them, and credits: the mirror of what those bring along.
-#}
{% macro open_at_report(side, documents, bills, credits, lines, party, document_type, bill_link, credit_link) -%}
    select
        open_documents.business_id,
        '{{ side }}' as side,
        case when open_documents.document_type = '{{ document_type }}' then mirrored.{{ party }}_id else open_documents.party_id end as party_id,
        case
            when open_documents.document_type = '{{ document_type }}' then coalesce(mirrored.due_date, mirrored.txn_date)
            else open_documents.txn_date
        end as aged_from,
        open_documents.open_amount as amount
    from {{ documents }} as open_documents
    inner join reports
        on
            open_documents.business_id = reports.business_id
            and reports.side = '{{ side }}'
    left join {{ bills }} as mirrored
        on
            open_documents.business_id = mirrored.business_id
            and {{ key_where('open_documents.record_id', "open_documents.document_type = '" ~ document_type ~ "'") }} = mirrored.record_id
    -- A bill that a person entered here is not in the ledger, so not in its report.
    where open_documents.rail = reports.rail and coalesce(open_documents.txn_date <= reports.report_date, true)

    union all

    select
        settled.business_id,
        '{{ side }}' as side,
        case when settled.is_payment_later then settled.target_party_id else settled.payment_party_id end as party_id,
        case when settled.is_payment_later then settled.target_aged_from else settled.payment_date end as aged_from,
        case
            when settled.is_payment_later = (settled.link_type = '{{ bill_link }}') then settled.amount
            else -settled.amount
        end as amount
    from (
        select
            lines.business_id,
            lines.linked_txn_type as link_type,
            lines.{{ party }}_id as payment_party_id,
            lines.txn_date as payment_date,
            coalesce(targets.{{ party }}_id, credits.{{ party }}_id) as target_party_id,
            coalesce(targets.due_date, targets.txn_date, credits.txn_date) as target_aged_from,
            lines.txn_date > reports.report_date as is_payment_later,
            coalesce(targets.txn_date, credits.txn_date) > reports.report_date as is_target_later,
            {{ home_amount(
                'lines.amount', 'coalesce(targets.currency, credits.currency, reports.home_currency)', 'reports.home_currency',
                'coalesce(targets.exchange_rate, credits.exchange_rate)'
            ) }} as amount
        from {{ lines }} as lines
        inner join reports
            on
                lines.business_id = reports.business_id
                and reports.side = '{{ side }}'
        left join {{ bills }} as targets
            on
                lines.business_id = targets.business_id
                and {{ key_where('lines.linked_txn_id', "lines.linked_txn_type = '" ~ bill_link ~ "'") }} = targets.record_id
        left join {{ credits }} as credits
            on
                lines.business_id = credits.business_id
                and {{ key_where('lines.linked_txn_id', "lines.linked_txn_type = '" ~ credit_link ~ "'") }} = credits.record_id
        where
            not lines.is_deleted
            and not lines.is_voided
            and lines.linked_txn_type in ('{{ bill_link }}', '{{ credit_link }}')
    ) as settled
    -- Where both are later neither is in the report, where none is what is open says it already.
    where settled.is_payment_later != settled.is_target_later
{%- endmacro %}


{#- When the ledger last changed anything of a party: its own record, whose balance moves with each posting, or a document. -#}
{% macro changes_of_parties(side, parties, party, documents) -%}
    select
        parties.business_id,
        '{{ side }}' as side,
        parties.record_id as party_id,
        parties.source_updated_at
    from {{ parties }} as parties
    {%- for mirror in documents %}

    union all

    select
        mirror.business_id,
        '{{ side }}' as side,
        mirror.{{ party }}_id as party_id,
        mirror.source_updated_at
    from {{ mirror }} as mirror
    {%- endfor %}
{%- endmacro %}
