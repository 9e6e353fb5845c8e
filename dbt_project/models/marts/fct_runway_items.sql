{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['business_id', 'part', 'rail', 'entity', 'record_id', 'valid_from_date'],
    on_schema_change='append_new_columns',
    full_refresh=false,
    post_hook='{{ forget_departed_businesses() }}',
) }}

{%- set columns = [
    'business_id', 'as_of_date', 'part', 'rail', 'entity', 'record_id', 'change_id', 'document_number', 'party_name', 'txn_date',
    'due_date', 'total_amount', 'open_amount', 'currency', 'synced_at',
] %}

with runway as (
    select * from {{ ref('fct_runway_daily') }}
),

calendar as (
    select * from {{ ref('int_business_calendar') }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
),

bills as (
    select * from {{ ref('fct_bills') }}
),

invoices as (
    select * from {{ ref('fct_invoices') }}
),

payable_credits as (
    select * from {{ ref('int_ap_open_documents') }}
    where document_type != 'bill'
),

receivable_credits as (
    select * from {{ ref('int_ar_open_documents') }}
    where document_type != 'invoice'
),

flows as (
    select * from {{ ref('int_flows') }}
    where {{ within_days('movement_date', 90) }}
),

-- The day whose row of the runway this cycle has written: a day that has a later one is closed.
days as (
    select
        calendar.business_id,
        calendar.as_of_date
    from calendar
    inner join runway
        on
            calendar.business_id = runway.business_id
            and calendar.as_of_date <= runway.as_of_date
    group by calendar.business_id, calendar.as_of_date
    having max(runway.as_of_date) = calendar.as_of_date
),

present as (
    {% if is_incremental() -%}
    select items.*
    from {{ this }} as items
    where items.valid_to_date is null
    {%- else -%}
    select
        cast(null as varchar) as business_id,
        cast(null as varchar) as part,
        cast(null as varchar) as rail,
        cast(null as varchar) as entity,
        cast(null as varchar) as record_id,
        cast(null as varchar) as change_id,
        cast(null as varchar) as document_number,
        cast(null as varchar) as party_name,
        cast(null as date) as txn_date,
        cast(null as date) as due_date,
        cast(null as decimal(18, 2)) as total_amount,
        cast(null as decimal(18, 2)) as open_amount,
        cast(null as varchar) as currency,
        cast(null as date) as valid_from_date,
        cast(null as date) as valid_to_date,
        cast(null as timestamp) as synced_at
    where false
    {%- endif %}
),

documents as (
    {%- for part, table, party in [('payable', 'bills', 'vendor'), ('receivable', 'invoices', 'customer')] %}
    select
        {{ table }}.business_id,
        '{{ part }}' as part,
        {{ table }}.rail,
        '{{ table }}' as entity,
        {{ table }}.record_id,
        {{ table }}.change_id,
        {{ table }}.document_number,
        {{ table }}.{{ party }}_name as party_name,
        {{ table }}.txn_date,
        {{ table }}.due_date,
        case when {{ table }}.is_deleted or {{ table }}.is_voided then 0 else {{ table }}.home_total_amount end as total_amount,
        case when {{ table }}.is_open then {{ table }}.home_open_amount else 0 end as open_amount,
        {{ table }}.home_currency as currency,
        {{ table }}.synced_at
    from {{ table }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

-- What was paid too much is money that moved and no document; a credit is a document that no money stands behind.
credits as (
    {%- for part, table, money_type in [
        ('payable_credit', 'payable_credits', 'bill_payment'), ('receivable_credit', 'receivable_credits', 'payment')
    ] %}
    select
        {{ table }}.business_id,
        '{{ part }}' as part,
        {{ table }}.rail,
        {{ table }}.entity,
        {{ table }}.record_id,
        {{ table }}.change_id,
        {{ table }}.document_number,
        {{ table }}.party_name,
        {{ table }}.txn_date,
        cast(null as date) as due_date,
        case
            when {{ table }}.document_type = '{{ money_type }}' then 0
            else {{ table }}.total_amount
        end as total_amount,
        {{ table }}.open_amount,
        {{ table }}.currency,
        {{ utc(table ~ '.synced_at') }} as synced_at
    from {{ table }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

movements as (
    select
        flows.business_id,
        case flows.direction when 'out' then 'outflow' else 'inflow' end as part,
        flows.rail,
        flows.entity,
        flows.record_id,
        flows.change_id,
        cast(null as varchar) as document_number,
        flows.party_name,
        flows.movement_date as txn_date,
        cast(null as date) as due_date,
        flows.amount as total_amount,
        flows.amount as open_amount,
        flows.currency,
        {{ utc('flows.synced_at') }} as synced_at
    from flows
),

found as (
    select * from documents

    union all

    select * from credits

    union all

    select * from movements
),

-- A document that is settled and was never seen open counts for nothing and has no row.
counted as (
    select
        days.as_of_date,
        found.* replace (
            coalesce({{ money('found.total_amount') }}, 0) as total_amount,
            coalesce({{ money('found.open_amount') }}, 0) as open_amount
        ),
        present.valid_from_date as present_from_date
    from found
    inner join days on found.business_id = days.business_id
    left join present
        on
            found.business_id = present.business_id
            and found.part = present.part
            and found.rail = present.rail
            and found.entity = present.entity
            and found.record_id = present.record_id
    where
        case
            when present.business_id is null then coalesce(found.open_amount, 0) != 0
            else
                coalesce({{ money('found.total_amount') }}, 0) != present.total_amount
                or coalesce({{ money('found.open_amount') }}, 0) != present.open_amount
                or found.due_date is distinct from present.due_date
                or found.txn_date is distinct from present.txn_date
                -- Who it is with says nothing of the amount, and is read beside it: a bill that has a vendor since is nobody's no more.
                or found.party_name is distinct from present.party_name
                or found.document_number is distinct from present.document_number
                or found.currency is distinct from present.currency
        end
),

-- Credits that are used up and movements that were taken back are no longer found. Those that are too old to count stay as they were.
gone as (
    select
        days.as_of_date,
        present.* replace (
            case when present.part in ('payable_credit', 'receivable_credit') then present.total_amount else 0 end as total_amount,
            0 as open_amount
        )
    from present
    inner join days on present.business_id = days.business_id
    anti join found
        on
            present.business_id = found.business_id
            and present.part = found.part
            and present.rail = found.rail
            and present.entity = found.entity
            and present.record_id = found.record_id
    where
        present.open_amount != 0
        and (present.part in ('payable_credit', 'receivable_credit') or present.txn_date > days.as_of_date - 90)
),

changed as (
    select
        {%- for column in columns %}
        counted.{{ column }},
        {%- endfor %}
        counted.present_from_date
    from counted

    union all

    select
        {%- for column in columns %}
        gone.{{ column }},
        {%- endfor %}
        gone.valid_from_date as present_from_date
    from gone
),

written as (
    select
        changed.* exclude (as_of_date, present_from_date),
        changed.as_of_date as valid_from_date,
        cast(null as date) as valid_to_date
    from changed

    union all by name

    select
        {%- for column in columns | reject('equalto', 'as_of_date') %}
        present.{{ column }},
        {%- endfor %}
        present.valid_from_date,
        changed.as_of_date - 1 as valid_to_date
    from present
    inner join changed
        on
            present.business_id = changed.business_id
            and present.part = changed.part
            and present.rail = changed.rail
            and present.entity = changed.entity
            and present.record_id = changed.record_id
    where present.valid_from_date < changed.as_of_date
)

select
    written.business_id,
    written.part,
    written.rail,
    written.entity,
    written.record_id,
    written.valid_from_date,
    written.valid_to_date,
    written.change_id,
    written.document_number,
    written.party_name,
    written.txn_date,
    written.due_date,
    {{ money('written.total_amount') }} as total_amount,
    {{ money('written.open_amount') }} as open_amount,
    written.currency,
    {{ rails_behind('written.rail') }} as rails_used,
    {{ degraded_among(rails_behind('written.rail'), 'rail_health.degraded_rails') }} as degraded_rails,
    written.synced_at
from written
inner join rail_health on written.business_id = rail_health.business_id
