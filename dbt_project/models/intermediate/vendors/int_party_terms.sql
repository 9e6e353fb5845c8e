{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['business_id', 'party_kind', 'rail', 'party_id'],
    on_schema_change='fail',
    post_hook="{{ forget_departed_parties() }}",
) }}

with parties as (
    select * from {{ ref('int_party_names') }}
),

words as (
    select * from {{ ref('party_words') }}
),

weights as (
    select * from {{ ref('party_token_weights') }}
),

model as (
    select max(model.model_version) as model_version
    from {{ ref('party_model') }} as model
),

hashed as (
    select
        parties.*,
        md5(concat_ws('|', model.model_version, to_json(parties.names), to_json(parties.evidence), parties.is_listed)) as content_hash
    from parties
    cross join model
),

changed as (
    select hashed.*
    from hashed
    {% if is_incremental() -%}
    anti join {{ this }} as known
        on
            hashed.business_id = known.business_id
            and hashed.party_kind = known.party_kind
            and hashed.rail = known.rail
            and hashed.party_id = known.party_id
            and hashed.content_hash = known.content_hash
    {%- endif %}
),

-- Lists of what is replaced in whole names; longer ones first, so that none eats a part of another.
replacements as (
    select
        list(
            { 'seek': ' ' || words.word || ' ', 'put': ' ' || words.means || ' ' } order by length(words.word) desc, words.word asc
        ) filter (words.kind in ('phrase', 'alias')) as phrases,
        list(distinct split_part(words.word, ' ', 1)) filter (words.kind in ('phrase', 'alias')) as phrase_beginnings,
        list(
            { 'seek': ' ' || words.word || ' ', 'put': ' ' } order by length(words.word) desc, words.word asc
        ) filter (words.kind = 'entry') as entries,
        list(distinct split_part(words.word, ' ', 1)) filter (words.kind = 'entry') as entry_beginnings,
        list(words.word order by length(words.word) desc, words.word asc) filter (words.kind = 'processor') as processors,
        list(words.word) filter (words.kind = 'state') as states
    from words
),

texts as (
    select distinct
        changed.business_id,
        changed.party_kind,
        changed.rail,
        changed.party_id,
        unnest(changed.names).role as role,
        unnest(changed.names).text as text
    from changed
),

lettered as (
    select
        texts.business_id,
        texts.party_kind,
        texts.rail,
        texts.party_id,
        texts.role,
        {{ party_letters('texts.text') }} as letters
    from texts
),

bare as (
    select
        lettered.*,
        case
            when lettered.role = 'text' or contains(lettered.letters, '*')
                then {{ without_processor('lettered.letters', 'replacements.processors') }}
            else lettered.letters
        end as merchant_letters,
        replacements.phrases,
        replacements.phrase_beginnings,
        replacements.entries,
        replacements.entry_beginnings,
        replacements.states
    from lettered
    cross join replacements
),

-- What a note in brackets says is kept apart: it may be missing in the other name.
worded as (
    select
        bare.*,
        {{ plain_words(without_trace_numbers("regexp_replace(bare.merchant_letters, '\\([^)]*\\)', ' ', 'g')", 'bare.role')) }} as words
    from bare
),

spelled as (
    select
        worded.business_id,
        worded.party_kind,
        worded.rail,
        worded.party_id,
        worded.role,
        {{ replaced(
            "case when worded.role = 'text' then " ~ replaced('worded.words', 'worded.entries', 'worded.entry_beginnings') ~ " else worded.words end",
            'worded.phrases',
            'worded.phrase_beginnings',
        ) }} as spelling,
        {{ plain_words("array_to_string(regexp_extract_all(worded.merchant_letters, '\\(([^)]*)\\)', 1), ' ')") }} as note,
        {{ plain_words('worded.letters') }} as raw_spelling,
        worded.states
    from worded
),

-- "Holder d/b/a trade name" is known by its trade name; the holder is another of its names.
parts as (
    select
        spelled.business_id,
        spelled.party_kind,
        spelled.rail,
        spelled.party_id,
        spelled.raw_spelling,
        spelled.states,
        unnest(case
            when trim(split_part(spelled.spelling, ' dba ', 2)) = '' then [
                { 'role': spelled.role, 'spelling': split_part(spelled.spelling, ' dba ', 1), 'note': spelled.note }
            ]
            else [
                {
                    'role': case when spelled.role = 'legal' then 'name' else spelled.role end,
                    'spelling': split_part(spelled.spelling, ' dba ', 2),
                    'note': spelled.note
                },
                { 'role': 'legal', 'spelling': split_part(spelled.spelling, ' dba ', 1), 'note': '' }
            ]
        end) as part
    from spelled
),

variants as (
    select
        row_number() over () as variant_no,
        parts.business_id,
        parts.party_kind,
        parts.rail,
        parts.party_id,
        parts.part.role as role,
        trim(parts.raw_spelling) as raw_spelling,
        string_split(trim(parts.part.spelling), ' ') as spelled_words,
        list_filter(string_split(trim(parts.part.note), ' '), lambda word: word != '') as note_words,
        parts.states
    from parts
    where trim(parts.part.spelling) != ''
),

spelled_out as (
    select
        variants.variant_no,
        false as is_note,
        variants.role = 'text' as is_bank_text,
        len(variants.spelled_words) as word_count,
        list_contains(variants.states, variants.spelled_words[-1]) as ends_in_state,
        unnest(variants.spelled_words) as word,
        unnest(range(1, len(variants.spelled_words) + 1)) as place
    from variants

    union all

    select
        variants.variant_no,
        true as is_note,
        variants.role = 'text' as is_bank_text,
        len(variants.spelled_words) as word_count,
        false as ends_in_state,
        unnest(variants.note_words) as word,
        unnest(range(1001, len(variants.note_words) + 1001)) as place
    from variants
),

-- A bank writes the town and the state behind a merchant's name.
understood as (
    select
        spelled_out.variant_no,
        spelled_out.place,
        spelled_out.word,
        spelled_out.is_note
        or (spelled_out.is_bank_text and spelled_out.ends_in_state and spelled_out.place >= greatest(2, spelled_out.word_count - 2))
            as is_optional,
        case when words.kind in ('short', 'number') then words.means else spelled_out.word end as token,
        case when words.kind = 'legal' then words.means end as legal_form,
        case when words.kind = 'country' then words.means end as country,
        coalesce(words.kind in ('legal', 'filler'), false) as is_silent
    from spelled_out
    left join words
        on
            spelled_out.word = words.word
            and words.kind in ('legal', 'filler', 'short', 'number', 'country')
),

understood_numbers as (
    select
        understood.variant_no,
        understood.place,
        understood.word,
        understood.is_optional,
        understood.legal_form,
        understood.country,
        understood.is_silent,
        -- Forty-four: a ten is followed by its unit, or by none.
        case
            when ends_with(understood.token, '_') then rtrim(understood.token, '_') || coalesce(
                case
                    when regexp_full_match(lead(understood.token) over following, '[1-9]') then lead(understood.token) over following
                end, '0'
            )
            when ends_with(lag(understood.token) over following, '_') and regexp_full_match(understood.token, '[1-9]') then ''
            else understood.token
        end as token
    from understood
    window following as (partition by understood.variant_no order by understood.place)
),

weighed as (
    select
        understood_numbers.*,
        row_number() over (
            partition by understood_numbers.variant_no, understood_numbers.token, understood_numbers.is_silent
            order by understood_numbers.place asc
        ) as occurrence,
        least(
            coalesce(weights.weight, 1.0),
            case length(understood_numbers.token) when 1 then 0.4 when 2 then 0.7 else 1.0 end
        ) as weight
    from understood_numbers
    left join weights on understood_numbers.token = weights.token
    where understood_numbers.token != ''
),

collected as (
    select
        weighed.variant_no,
        list({ 'token': weighed.token, 'weight': weighed.weight } order by weighed.place asc)
            filter (not weighed.is_silent and weighed.occurrence = 1) as terms,
        list({ 'token': weighed.token, 'weight': weighed.weight } order by weighed.place asc)
            filter (weighed.occurrence = 1) as all_terms,
        list(distinct weighed.token) filter (weighed.is_optional) as optional_tokens,
        string_agg(weighed.token, '' order by weighed.place asc) filter (not weighed.is_silent and not weighed.is_optional) as compact,
        string_agg(weighed.token, '' order by weighed.place asc) filter (not weighed.is_optional) as compact_with_form,
        list(distinct weighed.token) filter (regexp_full_match(weighed.token, '\d+[a-z]?')) as numbers,
        list(distinct weighed.legal_form) filter (weighed.legal_form != '') as legal_forms,
        list(distinct weighed.country) filter (weighed.country != '') as countries
    from weighed
    group by weighed.variant_no
)

select
    changed.business_id,
    changed.party_kind,
    changed.rail,
    changed.party_id,
    variants.role,
    changed.is_listed,
    changed.evidence,
    variants.raw_spelling,
    replace(variants.raw_spelling, ' ', '') as compact_raw,
    coalesce(collected.compact, collected.compact_with_form) as compact,
    coalesce(collected.terms, collected.all_terms) as terms,
    list_sort(coalesce(collected.optional_tokens, [])) as optional_tokens,
    list_sort(coalesce(collected.numbers, [])) as numbers,
    list_sort(coalesce(collected.legal_forms, [])) as legal_forms,
    list_sort(coalesce(collected.countries, [])) as countries,
    changed.content_hash
from changed
left join variants
    on
        changed.business_id = variants.business_id
        and changed.party_kind = variants.party_kind
        and changed.rail = variants.rail
        and changed.party_id = variants.party_id
left join collected on variants.variant_no = collected.variant_no
