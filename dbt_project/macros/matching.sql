{#- What the models of cross-rail matching share: how texts are compared, and the features a pair is scored by. -#}

{#- Text as two systems would both write it: capitals, single blanks, without what a card processor puts in front. -#}
{% macro comparable_text(text) -%}
    nullif(trim(regexp_replace(regexp_replace(upper({{ text }}), '^(SQ|TST|PAYPAL|PY|SP) ?\*', ''), '\s+', ' ', 'g')), '')
{%- endmacro %}


{#- A document's number as both sides would write it: letters and digits alone, without zeros in front. -#}
{% macro comparable_reference(reference) -%}
    nullif(ltrim(regexp_replace(upper({{ reference }}), '[^A-Z0-9]', '', 'g'), '0'), '')
{%- endmacro %}


{#- How many characters two texts have in common from their beginnings: 0 to the length of the shorter one. -#}
{% macro common_start(one, other) -%}
    case
        when starts_with({{ one }}, {{ other }}) then length({{ other }})
        when starts_with({{ other }}, {{ one }}) then length({{ one }})
        else len(list_filter(
            range(1, least(length({{ one }}), length({{ other }}))),
            lambda place: {{ one }}[:place] = {{ other }}[:place]
        ))
    end
{%- endmacro %}


{#- An amount's digits in order of size: the same of two amounts of which one has two digits turned round. -#}
{% macro digits_of(amount) -%}
    array_to_string(list_sort(string_split(regexp_replace(cast(abs({{ amount }}) as varchar), '[^0-9]', '', 'g'), '')), '')
{%- endmacro %}


{#-
  The features a pair is scored by, {name: SQL} over the columns of `int_match_candidates`' CTE `shared`. All are numbers of
  about 0 to 16, so that no weight has to be large. What is unknown on either side counts 0, neither for the pair nor against it.
-#}
{% macro match_features() -%}
    {{ return({
        'is_linked': 'cast(is_linked as double)',
        'same_reference': 'cast(left_reference = right_reference as double)',
        'other_reference': 'cast(left_reference != right_reference as double)',
        'same_account': 'cast(left_account_key = right_account_key as double)',
        'other_account': 'cast(left_account_key != right_account_key as double)',
        'paired_account': 'cast(is_own_account as double)',
        'unpaired_account': 'cast(not is_own_account as double)',
        'same_party': 'cast(left_party_key = right_party_key as double)',
        'other_party': 'cast(left_party_key != right_party_key as double)',
        'same_purpose': 'cast(left_purpose = right_purpose as double)',
        'is_undone': 'cast(is_undone as double)',
        'same_amount': 'cast(left_amount = right_amount as double)',
        'near_amount': 'cast(amount_gap < 0.01 as double)',
        'amount_gap': 'amount_gap * 10',
        'amount_gap_squared': 'amount_gap * amount_gap * 100',
        'whole_text': 'cast(text_share = 1 as double)',
        'text_share': 'text_share',
        'text_length': 'cast(least(text_length, 16) as double)',
        'same_day': 'cast(lag_days = 0 as double)',
        'next_day': 'cast(lag_days = 1 as double)',
        'second_day': 'cast(lag_days = 2 as double)',
        'same_week': 'cast(lag_days between 3 and 6 as double)',
        'log_days': 'ln(1 + abs(lag_days))',
        'is_backwards': 'cast(lag_days < 0 as double)',
    }) }}
{%- endmacro %}


{#- The features as columns of a select over `shared`, which carries what they are made of. -#}
{% macro match_feature_columns() -%}
    {%- for feature, expression in match_features().items() %}
        coalesce({{ expression }}, 0) as {{ feature }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- One row of weights per pair out of the seed's row per pair and feature; a feature without one counts nothing. -#}
{% macro match_weights() -%}
    coalesce(max(weights.weight) filter (weights.feature = 'intercept'), 0) as intercept
    {%- for feature in match_features() %},
        coalesce(max(weights.weight) filter (weights.feature = '{{ feature }}'), 0) as {{ feature }}
    {%- endfor %}
{%- endmacro %}


{#- The weighted sum: log-odds that the pair is one thing. -#}
{% macro match_score(features, weights) -%}
    {{ weights }}.intercept
    {%- for feature in match_features() %}
        + {{ weights }}.{{ feature }} * {{ features }}.{{ feature }}
    {%- endfor %}
{%- endmacro %}


{#- What Ramp says of a transfer that moved no money, or whose money came back: it was called off, had nothing to draw, or one of the
    banks refused it. Every other status is on its way or at its end (`documented_values` lists them all). -#}
{% macro unmoved_transfers() -%}
    ('CANCELED', 'ERROR', 'NOT_ENOUGH_FUNDS', 'REJECTED_BY_ODFI', 'RETURNED_BY_RDFI', 'UNNECESSARY')
{%- endmacro %}


{#- The same of a reimbursement: not handed in, turned down, failed, or paid by other ways than Ramp's. One that is approved may be
    paid before Ramp says so. -#}
{% macro unmoved_reimbursements() -%}
    (
        'CANCELED', 'DELETED', 'DRAFT', 'FAILED_REIMBURSEMENT', 'INIT', 'MANUALLY_REIMBURSED', 'MISSING_ACH', 'PUSH_PAYMENT_FAILED',
        'REJECTED'
    )
{%- endmacro %}


{#- What Ramp says of a reimbursement whose money it sent. -#}
{% macro sent_reimbursements() -%}
    ('REIMBURSED', 'REIMBURSED_VIA_PUSH')
{%- endmacro %}


{#- Whether a bank says of money coming in that it is a payment of the business's own that came back. -#}
{% macro is_return(text) -%}
    regexp_matches(upper({{ text }}), '^((ACH|EFT|CHECK|WIRE) )?(RETURN|RETURNED|RTN)\b')
{%- endmacro %}
