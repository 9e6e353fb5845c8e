{#-
  Documents as they were: CTEs `documents`, `settled` (each payment, in home currency) and `spans` (what was open of each bill and
  invoice, and what was left of each credit of a customer, from which day until before which), told from the mirror as it is now. A
  document counts from its own date, one dated ahead from the day on which it was entered, and a payment from its own date, so that
  what was entered late is known here before anybody knew it; what was deleted or voided since is not known at all. Sides are
  receivable and payable, and of customers' credits credit_memo and unapplied_payment; the ledger does not say when a payment was
  applied, so that one counts as applied from its date on.
-#}
{% macro document_spans() -%}
    documents as (
        {%- for side, model, party in [('receivable', 'int_invoices', 'customer_id'), ('payable', 'int_bills', 'vendor_id')] %}
        select
            documents.business_id,
            '{{ side }}' as side,
            documents.record_id,
            coalesce(documents.{{ party }}, '') as party_id,
            {{ counted_from('documents') }} as from_date,
            coalesce(documents.due_date, {{ counted_from('documents') }}) as due_date,
            documents.home_open_amount as open_amount,
            documents.home_total_amount as total_amount,
            documents.total_amount as original_total_amount,
            documents.is_open
        from {{ ref(model) }} as documents
        inner join {{ ref('int_business_calendar') }} as calendar on documents.business_id = calendar.business_id
        where
            not documents.is_deleted
            and not documents.is_voided
            and {{ counted_from('documents') }} is not null
            -- What is open counts as it is, whatever is wrong with its total.
            and (documents.is_open or documents.home_total_amount > 0)
            and documents.home_open_amount is not null
            -- What was settled before any origin and long enough ago to be no habit.
            and (documents.is_open or {{ within_days('documents.txn_date', 800) }})

        union all
        {% endfor %}
        {%- for side, model, total, left in [
            ('credit_memo', 'stg_qbo__credit_memos', 'total_amount', 'coalesce(credits.remaining_amount, credits.open_amount)'),
            ('unapplied_payment', 'stg_qbo__payments', 'unapplied_amount', 'credits.unapplied_amount'),
        ] %}
        select
            credits.business_id,
            '{{ side }}' as side,
            credits.record_id,
            coalesce(credits.customer_id, '') as party_id,
            {{ counted_from('credits') }} as from_date,
            {{ counted_from('credits') }} as due_date,
            {{ home_amount(left, 'coalesce(credits.currency, calendar.home_currency)', 'calendar.home_currency', 'credits.exchange_rate') }}
                as open_amount,
            {{ home_amount(
                'credits.' ~ total, 'coalesce(credits.currency, calendar.home_currency)', 'calendar.home_currency', 'credits.exchange_rate'
            ) }} as total_amount,
            credits.{{ total }} as original_total_amount,
            {{ left }} > 0 as is_open
        from {{ ref(model) }} as credits
        inner join {{ ref('int_business_calendar') }} as calendar on credits.business_id = calendar.business_id
        where
            not credits.is_deleted
            and not credits.is_voided
            and {{ counted_from('credits') }} is not null
            and credits.{{ total }} > 0
            and {{ left }} is not null
            and (
                coalesce(credits.currency, calendar.home_currency) = calendar.home_currency
                or credits.exchange_rate > 0
            )
            and ({{ left }} > 0 or {{ within_days('credits.txn_date', 800) }})
        {%- if not loop.last %}

        union all
        {%- endif %}
        {%- endfor %}
    ),

    settlements as (
        {%- for side, lines, document_type in [
            ('receivable', 'stg_qbo__payment_lines', 'Invoice'),
            ('credit_memo', 'stg_qbo__payment_lines', 'CreditMemo'),
            ('payable', 'stg_qbo__bill_payment_lines', 'Bill'),
        ] %}
        select
            lines.business_id,
            '{{ side }}' as side,
            lines.linked_txn_id as record_id,
            lines.txn_date as paid_date,
            sum(lines.amount) as amount
        from {{ ref(lines) }} as lines
        where lines.linked_txn_type = '{{ document_type }}' and not lines.is_deleted and not lines.is_voided
        group by lines.business_id, lines.linked_txn_id, lines.txn_date
        {%- if not loop.last %}

        union all
        {%- endif %}
        {%- endfor %}
    ),

    -- In home currency at the document's own rate.
    settled as (
        select
            documents.business_id,
            documents.side,
            documents.record_id,
            documents.party_id,
            documents.due_date,
            documents.open_amount as open_now,
            documents.is_open,
            greatest(settlements.paid_date, documents.from_date) as paid_date,
            {{ money('cast(settlements.amount as decimal(38, 2)) * documents.total_amount / documents.original_total_amount') }} as amount
        from documents
        inner join settlements
            on
                documents.business_id = settlements.business_id
                and documents.side = settlements.side
                and documents.record_id = settlements.record_id
    ),

    steps as (
        select
            settled.business_id,
            settled.side,
            settled.record_id,
            settled.party_id,
            settled.due_date,
            settled.paid_date as from_date,
            settled.open_now + coalesce(sum(settled.amount) over later, 0) as open_amount
        from settled
        window later as (
            partition by settled.business_id, settled.side, settled.record_id
            order by settled.paid_date
            rows between 1 following and unbounded following
        )

        union all

        select
            documents.business_id,
            documents.side,
            documents.record_id,
            documents.party_id,
            documents.due_date,
            documents.from_date,
            any_value(documents.open_amount) + coalesce(sum(settled.amount), 0) as open_amount
        from documents
        left join settled
            on
                documents.business_id = settled.business_id
                and documents.side = settled.side
                and documents.record_id = settled.record_id
                and settled.paid_date > documents.from_date
        group by
            documents.business_id, documents.side, documents.record_id, documents.party_id, documents.due_date, documents.from_date
    ),

    spans as (
        select
            steps.*,
            lead(steps.from_date, 1, date '9999-12-31') over (
                partition by steps.business_id, steps.side, steps.record_id
                order by steps.from_date asc, steps.open_amount desc
            ) as to_date
        from steps
    )
{%- endmacro %}

{#- The day from which a document counts. -#}
{% macro counted_from(document) -%}
    least({{ document }}.txn_date, {{ local_day('calendar.time_zone', document ~ '.created_at') }})
{%- endmacro %}
