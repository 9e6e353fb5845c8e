{#- What the models of the chain of custody share. -#}

{#- How Ramp pays what it draws from the bank for that payment; cards it draws for by the statement, and what is paid by hand or by
    credits not at all (Ramp's `payment_method`). -#}
{% macro drawn_methods() -%}
    ('ACH', 'CHECK', 'DOMESTIC_WIRE', 'INTERNATIONAL', 'SWIFT')
{%- endmacro %}


{#- How Ramp pays by one of its cards. -#}
{% macro card_methods() -%}
    ('CARD', 'ONE_TIME_CARD', 'ONE_TIME_CARD_DELIVERY')
{%- endmacro %}


{#- Of a debt and a decision on it the one key under which paying it may be tried; the same on every build. -#}
{% macro idempotency_key(business_id, rail, bill_id, decision) -%}
    case
        when {{ decision }} is not null
            then sha256(cast(to_json([{{ business_id }}, {{ rail }}, {{ bill_id }}, {{ decision }}]) as varchar))
    end
{%- endmacro %}


{#- The day on which Ramp sent a payment: that on which it was really initiated (`effective_date`, which cards do not have), else that for
    which it was planned (`payment_date`, of a card the day on which its last transaction settled). -#}
{% macro sent_date(bills) -%}
    coalesce({{ bills }}.payment_effective_date, {{ bills }}.payment_date)
{%- endmacro %}
