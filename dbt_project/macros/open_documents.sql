{#-
  What is open in a subledger, both sides alike: documents as they are, credits negative, everything in home currency and
  sorted into aging buckets. The model has CTEs `documents` (int_bills, int_invoices), `credits` (the columns below, with party_id and
  party_name), `parties` and `calendar`; document_type and entity name its documents, party its parties (vendor, customer).
-#}
{% macro open_documents(document_type, entity, party) -%}
credits_resolved as (
    select
        credits.* exclude (party_name, currency),
        coalesce(parties.{{ party }}_name, credits.party_name) as party_name,
        coalesce(credits.currency, calendar.home_currency) as currency,
        calendar.home_currency,
        calendar.as_of_date
    from credits
    inner join calendar on credits.business_id = calendar.business_id
    left join parties
        on
            credits.business_id = parties.business_id
            and credits.party_id = parties.record_id
),

open_documents as (
    select
        documents.business_id,
        documents.connection_id,
        documents.rail,
        '{{ document_type }}' as document_type,
        '{{ entity }}' as entity,
        documents.record_id,
        documents.change_id,
        documents.document_number,
        documents.{{ party }}_id as party_id,
        documents.{{ party }}_name as party_name,
        documents.txn_date,
        documents.due_date,
        documents.total_amount as original_total_amount,
        documents.open_amount as original_open_amount,
        documents.currency as original_currency,
        documents.home_total_amount as total_amount,
        documents.home_open_amount as open_amount,
        documents.home_currency as currency,
        documents.days_past_due,
        documents.as_of_date,
        documents.source_url,
        documents.source_updated_at,
        documents.synced_at
    from documents
    where documents.is_open and documents.open_amount is not null

    union all by name

    select
        credits_resolved.business_id,
        credits_resolved.connection_id,
        credits_resolved.rail,
        credits_resolved.document_type,
        credits_resolved.entity,
        credits_resolved.record_id,
        credits_resolved.change_id,
        credits_resolved.document_number,
        credits_resolved.party_id,
        credits_resolved.party_name,
        credits_resolved.txn_date,
        cast(null as date) as due_date,
        credits_resolved.total_amount as original_total_amount,
        credits_resolved.open_amount as original_open_amount,
        credits_resolved.currency as original_currency,
        {{ home_amount('credits_resolved.total_amount', 'credits_resolved.currency', 'credits_resolved.home_currency', 'credits_resolved.exchange_rate') }}
            as total_amount,
        {{ home_amount('credits_resolved.open_amount', 'credits_resolved.currency', 'credits_resolved.home_currency', 'credits_resolved.exchange_rate') }}
            as open_amount,
        credits_resolved.home_currency as currency,
        -- QuickBooks ages a credit by its own date; without one it is as old as today.
        coalesce(credits_resolved.as_of_date - credits_resolved.txn_date, 0) as days_past_due,
        credits_resolved.as_of_date,
        credits_resolved.source_url,
        credits_resolved.source_updated_at,
        credits_resolved.synced_at
    from credits_resolved
)

select
    open_documents.*,
    {{ aging_bucket('open_documents.days_past_due') }} as bucket
from open_documents
{%- endmacro %}


{#- A credit's row among the `credits` of the macro above. -#}
{% macro open_credit(source, document_type, entity, party, page, open_amount, document_number='document_number') -%}
    select
        {{ source }}.business_id,
        {{ source }}.connection_id,
        {{ source }}.rail,
        '{{ document_type }}' as document_type,
        '{{ entity }}' as entity,
        {{ source }}.record_id,
        {{ source }}.change_id,
        {{ source }}.{{ document_number }} as document_number,
        {{ source }}.{{ party }}_id as party_id,
        {{ source }}.{{ party }}_name as party_name,
        {{ source }}.txn_date,
        -{{ source }}.total_amount as total_amount,
        {{ open_amount }} as open_amount,
        {{ source }}.currency,
        {{ source }}.exchange_rate,
        {{ qbo_transaction_url(page, source ~ '.record_id') }} as source_url,
        {{ source }}.source_updated_at,
        {{ source }}.synced_at
    from {{ source }}
{%- endmacro %}


{#- A row of the aging per open document of `documents`, published as it is. -#}
{% macro aging(documents) -%}
with documents as (
    select * from {{ documents }}
),

rail_health as (
    select * from {{ ref('int_rail_health') }}
)

select
    documents.business_id,
    documents.rail,
    documents.entity,
    documents.document_type,
    documents.record_id,
    documents.document_number,
    documents.party_id,
    documents.party_name,
    documents.txn_date,
    documents.due_date,
    documents.as_of_date,
    documents.days_past_due,
    documents.bucket,
    documents.open_amount,
    documents.currency,
    documents.original_open_amount,
    documents.original_currency,
    case when documents.open_amount is null then 'no_exchange_rate' end as excluded_reason,
    documents.source_url,
    {{ utc('documents.source_updated_at') }} as source_updated_at,
    {{ rails_behind('documents.rail') }} as rails_used,
    {{ degraded_among(rails_behind('documents.rail'), 'rail_health.degraded_rails') }} as degraded_rails,
    {{ utc('documents.synced_at') }} as synced_at
from documents
inner join rail_health on documents.business_id = rail_health.business_id
{%- endmacro %}
