{#- What the frames of checks share: limits by name, text for people, names and the addresses of records. -#}

{#- A limit of a check, in the unit its seed row names. -#}
{% macro hygiene_threshold(check_id, name) -%}
    (
        select thresholds.value
        from {{ ref('hygiene_thresholds') }} as thresholds
        where thresholds.check_id = '{{ check_id }}' and thresholds.name = '{{ name }}'
    )
{%- endmacro %}


{#- A date as a person reads it. -#}
{% macro shown_date(day) -%}
    coalesce(strftime({{ day }}, '%Y-%m-%d'), 'no date')
{%- endmacro %}


{#- Today for a business. Valued at an earlier date, a transaction made since is no mistake: the future begins after the
    run, not after that date. -#}
{% macro day_of_run(calendar) -%}
    {%- if var('as_of_date') -%}
        greatest({{ calendar }}.as_of_date, cast(timezone('UTC', {{ calendar }}.run_at) as date))
    {%- else -%}
        {{ calendar }}.as_of_date
    {%- endif -%}
{%- endmacro %}


{#- Whether an account's name says that what is on it is not yet sorted. -#}
{% macro is_uncategorised_name(account_name, parts) -%}
    list_bool_or(list_transform({{ parts }}, lambda part: contains(lower(coalesce({{ account_name }}, '')), part)))
{%- endmacro %}


{#- Where a record of the ledger can be opened; NULL for what has no page of its own. The accounts that checks look at are those
    of the balance sheet, which have a register; a total over several has a name for an id, and no page. -#}
{% macro record_url(rail, entity, record_id) -%}
    case
        when {{ rail }} != 'qbo' then cast(null as varchar)
        when {{ entity }} = 'bills' then {{ qbo_transaction_url('bill', record_id) }}
        when {{ entity }} = 'invoices' then {{ qbo_transaction_url('invoice', record_id) }}
        when {{ entity }} = 'purchases' then {{ qbo_transaction_url('expense', record_id) }}
        when {{ entity }} = 'bill_payments' then {{ qbo_transaction_url('billpayment', record_id) }}
        when {{ entity }} = 'vendor_credits' then {{ qbo_transaction_url('vendorcredit', record_id) }}
        when {{ entity }} = 'payments' then {{ qbo_transaction_url('recvpayment', record_id) }}
        when {{ entity }} = 'credit_memos' then {{ qbo_transaction_url('creditmemo', record_id) }}
        when {{ entity }} = 'sales_receipts' then {{ qbo_transaction_url('salesreceipt', record_id) }}
        when {{ entity }} = 'refund_receipts' then {{ qbo_transaction_url('refundreceipt', record_id) }}
        when {{ entity }} = 'deposits' then {{ qbo_transaction_url('deposit', record_id) }}
        when {{ entity }} = 'transfers' then {{ qbo_transaction_url('transfer', record_id) }}
        when {{ entity }} = 'journal_entries' then {{ qbo_transaction_url('journal', record_id) }}
        when {{ entity }} = 'vendors' then {{ qbo_name_url('vendordetail', record_id) }}
        when {{ entity }} = 'customers' then {{ qbo_name_url('customerdetail', record_id) }}
        when {{ entity }} = 'accounts' and regexp_full_match({{ record_id }}, '[0-9]+') then {{ qbo_account_url(record_id) }}
    end
{%- endmacro %}


{#- Where a record can be opened: what Ramp says of its bills, joined as `ramp_bills`, else `record_url`. -#}
{% macro record_page(rail, entity, record_id) -%}
    case
        when ramp_bills.source_url like 'https://%' then ramp_bills.source_url
        else {{ record_url(rail, entity, record_id) }}
    end
{%- endmacro %}


{#- Documents of one raw table whose newest version is a tombstone, read past the mirror that H42 is a check on. -#}
{% macro deleted_at_source(entity) -%}
    select
        log.business_id,
        '{{ entity }}' as entity,
        log.record_id,
        log.is_deleted
    from {{ source('raw_qbo', entity) }} as log
    semi join (
        select
            tombstones.business_id,
            tombstones.record_id
        from {{ source('raw_qbo', entity) }} as tombstones
        where tombstones.is_deleted
    ) as ever_deleted
        on
            log.business_id = ever_deleted.business_id
            and log.record_id = ever_deleted.record_id
    where
        log._dlt_load_id in ({{ readable_loads(source('raw_qbo', '_dlt_loads')) }})
        {% if var('known_at') -%}
        and log.observed_at <= timestamptz '{{ var('known_at') }}'
        {%- endif %}
    qualify row_number() over (
        partition by log.business_id, log.record_id
        order by log.source_updated_at desc nulls last, log.observed_at desc, log.version_no desc
    ) = 1
{%- endmacro %}


{#- Whether a run is of one of these checks and says something of records. -#}
{% macro answers(check_ids) -%}
    runs.check_id in ('{{ check_ids | join("', '") }}') and runs.status in ('passed', 'failed') and runs.records_checked > 0
{%- endmacro %}


{#- Share of the records the checks concern in which they found nothing; NULL where none ran, or they concern none. -#}
{% macro share_passed(check_ids) -%}
    {%- set counted = 'filter (' ~ answers(check_ids) ~ ')' -%}
    cast(1 - sum(runs.records_failed) {{ counted }} / sum(runs.records_checked) {{ counted }} as decimal(5, 4))
{%- endmacro %}


{#- The stable id of a flag: the same record failing the same check again has the same one. -#}
{% macro flag_id(flags) -%}
    md5(cast(to_json([{{ flags }}.business_id, {{ flags }}.check_id, {{ flags }}.rail, {{ flags }}.entity, {{ flags }}.record_id]) as varchar))
{%- endmacro %}


{#- What was observed, as one hash: while it stays, a person's word on the flag stays. -#}
{% macro flag_facts(flags) -%}
    md5(cast(to_json([{{ flags }}.observed, cast({{ flags }}.impact_amount as varchar)]) as varchar))
{%- endmacro %}
