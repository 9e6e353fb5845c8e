{#- How two names are compared: the features of a pair, each between 0 and 1, and what is made of them. What they weigh is
    the seed `party_model`, fitted on labelled names; how a name becomes words is in macros/parties.sql. -#}

{#- The features of a pair by the names of the seed, as SQL over the two names `mine` and `theirs` and their rests. -#}
{% macro pair_feature_terms(pair) -%}
    {%- set mine, theirs = pair ~ '.mine', pair ~ '.theirs' -%}
    {{ return({
        'same_words': mine ~ '.compact = ' ~ theirs ~ '.compact or (' ~ pair ~ '.left_over + ' ~ pair ~ '.right_over = 0 and '
            ~ pair ~ '.shared_weight >= least(' ~ mine ~ '.total_weight, ' ~ theirs ~ '.total_weight))',
        'same_letters': mine ~ '.compact_raw = ' ~ theirs ~ '.compact_raw',
        'shared': pair ~ '.agreed_weight / greatest(0.01, ' ~ pair ~ '.agreed_weight + ' ~ pair ~ '.left_over + ' ~ pair ~ '.right_over)',
        'covered': '1 - least(1.0, ' ~ pair ~ '.left_over / greatest(0.01, ' ~ mine ~ '.total_weight), '
            ~ pair ~ '.right_over / greatest(0.01, ' ~ theirs ~ '.total_weight))',
        'left_over_both': 'least(1.0, ' ~ pair ~ '.left_over, ' ~ pair ~ '.right_over)',
        'left_over_one': 'least(1.0, abs(' ~ pair ~ '.left_over - ' ~ pair ~ '.right_over))',
        'left_over_most': 'least(2.0, greatest(' ~ pair ~ '.left_over, ' ~ pair ~ '.right_over)) / 2',
        'spelling': pair ~ '.spelling',
        'few_edits': '1 - least(1.0, levenshtein(' ~ mine ~ '.compact, ' ~ theirs ~ '.compact) / 5.0)',
        'rest_replaced': 'case when ' ~ pair ~ '.left_letters = \'\' or ' ~ pair ~ '.right_letters = \'\' or ' ~ pair
            ~ '.is_rest_same then 0.0 else least(1.0, levenshtein(' ~ pair ~ '.left_letters, ' ~ pair ~ '.right_letters) / greatest(length('
            ~ pair ~ '.left_letters), length(' ~ pair ~ '.right_letters))) end',
        'same_bones': bones_of(mine ~ '.compact') ~ ' = ' ~ bones_of(theirs ~ '.compact'),
        'stood_for': '1 - least(1.0, ' ~ pair ~ '.shared_weight / greatest(0.01, ' ~ pair ~ '.agreed_weight))',
        'agreed': 'least(2.5, ' ~ pair ~ '.agreed_weight) / 2.5',
        'cut_off': 'least(length(' ~ mine ~ '.compact), length(' ~ theirs ~ '.compact)) >= 8 and (starts_with(' ~ mine ~ '.compact, '
            ~ theirs ~ '.compact) or starts_with(' ~ theirs ~ '.compact, ' ~ mine ~ '.compact))',
        'other_form': 'len(' ~ mine ~ '.legal_forms) > 0 and len(' ~ theirs ~ '.legal_forms) > 0 and not list_has_any('
            ~ mine ~ '.legal_forms, ' ~ theirs ~ '.legal_forms)',
        'same_form': 'list_has_any(' ~ mine ~ '.legal_forms, ' ~ theirs ~ '.legal_forms)',
        'number_missing': '(len(' ~ mine ~ '.numbers) > 0) != (len(' ~ theirs ~ '.numbers) > 0)',
        'number_differs': 'len(' ~ mine ~ '.numbers) > 0 and len(' ~ theirs ~ '.numbers) > 0 and '
            ~ mine ~ '.numbers != ' ~ theirs ~ '.numbers',
        'country_missing': '(len(' ~ mine ~ '.countries) > 0) != (len(' ~ theirs ~ '.countries) > 0)',
        'country_differs': 'len(' ~ mine ~ '.countries) > 0 and len(' ~ theirs ~ '.countries) > 0 and not list_has_any('
            ~ mine ~ '.countries, ' ~ theirs ~ '.countries)',
    }) }}
{%- endmacro %}


{#- The features of a pair as one struct. -#}
{% macro pair_features(pair) -%}
    {
        {%- for name, expression in pair_feature_terms(pair).items() %}
        '{{ name }}': cast({{ expression }} as double){{ ',' if not loop.last }}
        {%- endfor %}
    }
{%- endmacro %}


{#- The seed as one row per kind of party: the weight of each feature, the bias, and the scores at which a tier begins. -#}
{% macro party_model_row() -%}
    select
        weights.party_kind,
        any_value(weights.model_version) as model_version,
        {%- for name in ['bias', 'auto', 'suggest', 'kept', 'gap'] + pair_feature_terms('pair') | list %}
        max(weights.weight) filter (weights.term = '{{ name }}') as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('party_model') }} as weights
    group by weights.party_kind
{%- endmacro %}


{#- How probable it is that both names are one party's, by the weighed features. -#}
{% macro pair_score(features, model) -%}
    round(1 / (1 + exp(-(
        {{ model }}.bias
        {%- for name in pair_feature_terms('pair') %}
        + {{ model }}.{{ name }} * {{ features }}.{{ name }}
        {%- endfor %}
    ))), 6)
{%- endmacro %}


{#- What a pair comes to by itself: what identifies outranks names, and what contradicts outranks all but an identifying number.
    What a shared address adds hangs on who else has it: `int_shared_addresses`.
    The same words are the same name, unless it is one common word or their legal forms differ: few labels are that short. -#}
{% macro pair_tier(pair, model) -%}
    case
        when list_has_any({{ pair }}.proofs, ['tax_id', 'bank_account', 'ledger_id']) then 'auto'
        when {{ pair }}.vetoes is not null then 'none'
        when {{ pair }}.name_score >= {{ model }}.auto then 'auto'
        when {{ pair }}.features.same_words = 1 and {{ pair }}.features.other_form = 0 and {{ pair }}.features.agreed >= 0.25 then 'auto'
        when {{ pair }}.name_score >= {{ model }}.suggest then 'suggest'
        else 'none'
    end
{%- endmacro %}


{#- How far one word may stand for another, 0 to 1: an abbreviation of it, or a slip of the pen. -#}
{% macro word_likeness(one, other) -%}
    case
        when {{ one }} = {{ other }} then 1.0
        when left({{ one }}, 1) between '0' and '9' or left({{ other }}, 1) between '0' and '9' then 0.0
        when length({{ one }}) >= 3 and starts_with({{ other }}, {{ one }}) then 0.9
        when length({{ other }}) >= 3 and starts_with({{ one }}, {{ other }}) then 0.9
        when length({{ one }}) <= 2 and starts_with({{ other }}, {{ one }}) then 0.5
        when length({{ other }}) <= 2 and starts_with({{ one }}, {{ other }}) then 0.5
        when least(length({{ one }}), length({{ other }})) < 4 then 0.0
        else greatest(0.0, (jaro_winkler_similarity({{ one }}, {{ other }}) - 0.8) * 4.5)
    end
{%- endmacro %}


{#- What of `terms` the words of `others` do not account for, by weight. -#}
{% macro unaccounted(terms, others, optional) -%}
    coalesce(list_sum(list_transform(
        {{ terms }},
        lambda word: case
            when list_contains({{ optional }}, word.token) then 0.0
            else word.weight * (1.0 - coalesce(list_max(list_transform(
                {{ others }}, lambda twin: {{ word_likeness('word.token', 'twin.token') }}
            )), 0.0))
        end
    )), 0.0)
{%- endmacro %}


{% macro total_weight(terms) -%}
    coalesce(list_sum(list_transform({{ terms }}, lambda one: one.weight)), 0.0)
{%- endmacro %}


{#- First letters of words, as an acronym has them. -#}
{% macro first_letters(terms) -%}
    array_to_string(list_transform({{ terms }}, lambda one: left(one.token, 1)), '')
{%- endmacro %}


{% macro letters_of(terms) -%}
    array_to_string(list_transform({{ terms }}, lambda one: one.token), '')
{%- endmacro %}


{#- The consonants of a name, doubled ones once: what a slip in a vowel leaves as it was. -#}
{% macro bones_of(letters) -%}
    regexp_replace(replace(replace(replace({{ letters }}, 'll', 'l'), 'ss', 's'), 'tt', 't'), '[aeiouy]', '', 'g')
{%- endmacro %}


{#- A word heavier than this is rare enough for two names that share it to be compared. -#}
{% macro rare_word_weight() -%}
    0.55
{%- endmacro %}


{#- How much of the lighter name's weight must be shared for the dear comparisons, unless the spelling is alike. -#}
{% macro hopeful_share() -%}
    0.35
{%- endmacro %}


{#- How much of the shorter of two names must be in the other for them to be called alike where they share an address: Kate Ito and
    Kate Ito Photography 1, Jane Doe and J. Doe .86, Blue Fox Plumbing and Red Fox Plumbing .74. -#}
{% macro covered_name() -%}
    0.8
{%- endmacro %}


{#- The most comparisons that one shared word may lead to within a business. -#}
{% macro largest_block() -%}
    200000
{%- endmacro %}


{#- The parties whose pairs are scored, each as it was then; beside the pairs and written with them. -#}
{% macro scored_parties() -%}
    intermediate.scored_parties
{%- endmacro %}


{#- Post-hook: all parties there are have been compared. -#}
{% macro remember_scored_parties() -%}
    create or replace table {{ scored_parties() }} as
    select distinct
        terms.business_id,
        terms.party_kind,
        terms.rail,
        terms.party_id,
        terms.content_hash
    from {{ ref('int_party_terms') }} as terms
{%- endmacro %}


{#- Post-hook: pairs of a party that is gone or is not what it was. -#}
{% macro forget_stale_pairs() -%}
    delete from {{ this }} as pairs
    where
        {%- for side in ['left', 'right'] %}
        {{ 'or ' if not loop.first }}not exists (
            select 1
            from {{ ref('int_party_terms') }} as terms
            where
                terms.business_id = pairs.business_id
                and terms.party_kind = pairs.party_kind
                and terms.rail = pairs.{{ side }}_rail
                and terms.party_id = pairs.{{ side }}_id
                and terms.content_hash = pairs.{{ side }}_hash
        )
        {%- endfor %}
{%- endmacro %}
