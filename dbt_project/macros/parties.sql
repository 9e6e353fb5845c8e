{#- What identifies a party, and how the names of parties are read. The words are a seed (`party_words`); how pairs of names
    are compared is in macros/party_pairs.sql. -#}

{#- Whose name a party goes by: the ledger's first, a bank's bare text last. -#}
{% macro ledger_rank() -%}
    1
{%- endmacro %}


{% macro bank_text_rank() -%}
    4
{%- endmacro %}


{#- Who a bank transaction was with, as the vendor map names them: by the vendor's own id, by the name it recognised, else by
    the bank's text. -#}
{% macro bank_party_id(transactions) -%}
    coalesce({{ transactions }}.merchant_entity_id, {{ transactions }}.merchant_name, {{ transactions }}.description)
{%- endmacro %}


{#- A tax id counts as identity only whole; a masked one tells by its last four digits who it cannot be. -#}
{% macro tax_evidence(identifier) -%}
    {
        'kind': case when regexp_full_match(regexp_replace({{ identifier }}, '[^0-9]', '', 'g'), '\d{9}') then 'tax_id' else 'tax_tail' end,
        'value': regexp_extract(regexp_replace({{ identifier }}, '[^0-9]', '', 'g'), '^\d{9}$|\d{4}$')
    }
{%- endmacro %}


{% macro email_evidence(email) -%}
    { 'kind': 'email', 'value': regexp_extract(lower(trim({{ email }})), '^[^@\s]+@[^@\s]+\.[^@\s]+$') }
{%- endmacro %}


{#- The part of an address behind the @; empty where there is none. -#}
{% macro domain_of(email) -%}
    regexp_extract(lower(trim({{ email }})), '^[^@\s]+@(.+\.[^@\s]+)$', 1)
{%- endmacro %}


{#- The host of a web address without its `www`; empty where it is none. -#}
{% macro host_of(address) -%}
    regexp_extract(lower(trim({{ address }})), '^(?:[a-z]+://)?(?:www\.)?([^/:?#@\s]+\.[^/:?#@\s]+)', 1)
{%- endmacro %}


{% macro domain_evidence(email) -%}
    { 'kind': 'domain', 'value': {{ domain_of(email) }} }
{%- endmacro %}


{#- Whether a domain is one of `domains` or below one. One that ends in a dot is meant under whatever country: `yahoo.`. -#}
{% macro is_domain_among(domain, domains) -%}
    list_has_any(
        [
            {{ domain }},
            nullif(regexp_extract({{ domain }}, '[^.]+\.[^.]+$'), ''),
            nullif(regexp_extract({{ domain }}, '[^.]+\.[^.]+\.[^.]+$'), ''),
            nullif(regexp_extract({{ domain }}, '^[^.]+\.'), '')
        ],
        {{ domains }}
    )
{%- endmacro %}


{#- Whether an address of a party can as well be anybody's: at a mail provider, at a service that writes in vendors' names, at the
    business itself, where its people are. `common` has the providers and services, `own` what the business itself goes by. -#}
{% macro is_anybodys(proof, common, own) -%}
    (
        {{ proof }}.kind = 'domain'
        and (
            {{ is_domain_among(proof ~ '.value', common ~ '.mail_domains') }}
            or {{ is_domain_among(proof ~ '.value', common ~ '.service_domains') }}
            or {{ is_domain_among(proof ~ '.value', own ~ '.domains') }}
        )
    )
    or (
        {{ proof }}.kind = 'email'
        and (
            list_contains({{ own }}.addresses, {{ proof }}.value)
            or {{ is_domain_among(domain_of(proof ~ '.value'), common ~ '.service_domains') }}
        )
    )
{%- endmacro %}


{#- A bank account by both its numbers; masked ones identify nobody. -#}
{% macro account_evidence(routing, account) -%}
    {
        'kind': 'bank_account',
        'value': case
            when regexp_full_match({{ account }}, '\d{5,17}') and regexp_full_match({{ routing }}, '\d{6,11}')
                then {{ routing }} || '/' || {{ account }}
        end
    }
{%- endmacro %}


{#- A name as people may see it: without control and direction characters, at most 200 characters. -#}
{% macro shown_name(name) -%}
    nullif(trim(regexp_replace(regexp_replace(left({{ name }}, 200), '[\p{Cf}]', '', 'g'), '[\p{Cc}\s]+', ' ', 'g')), '')
{%- endmacro %}


{#- A name in the letters in which names are compared: lower case, no accents, no punctuation but what tells a processor or a
    note apart; `words` are the seed's phrases, each padded with blanks. At most 200 characters, whatever was served. -#}
{% macro party_letters(name) -%}
    ' ' || regexp_replace(
        regexp_replace(
            regexp_replace(
                regexp_replace(
                    replace(replace(lower(strip_accents({{ shown_name(name) }})), '&', ' and '), '%', ' percent '),
                    '[''’`´ʼ"“”]', '', 'g'
                ),
                '\b(\w)\.', '\1', 'g'
            ),
            '\bd\s?/\s?b\s?/\s?a\b', ' dba ', 'g'
        ),
        '\s+', ' ', 'g'
    ) || ' '
{%- endmacro %}


{#- `letters` as words: everything but letters and digits is a blank. -#}
{% macro plain_words(letters) -%}
    ' ' || trim(regexp_replace(regexp_replace({{ letters }}, '\.(com|net|org|io)\b', ' ', 'g'), '[^\p{L}\p{N}]+', ' ', 'g')) || ' '
{%- endmacro %}


{#- A bank's text without what tells payments apart and not parties: store numbers, references. -#}
{% macro without_trace_numbers(letters, role) -%}
    case
        when {{ role }} = 'text' then regexp_replace({{ letters }}, '#\s*\d+|\b\d{5,}\b|\b(st|id|ref|trn|trace)[-:]\S+', ' ', 'g')
        else {{ letters }}
    end
{%- endmacro %}


{#- `text` with each of `phrases` ({seek, put}) replaced, in their order, where it has a word one of them begins with. -#}
{% macro replaced(text, phrases, first_words) -%}
    case
        when list_has_any(string_split({{ text }}, ' '), {{ first_words }})
            then struct_extract(
                list_reduce(
                    list_prepend({ 'seek': '', 'put': {{ text }} }, {{ phrases }}),
                    lambda done, phrase: { 'seek': '', 'put': replace(done.put, phrase.seek, phrase.put) }
                ), 'put'
            )
        else {{ text }}
    end
{%- endmacro %}


{#- What follows a processor's prefix: the processor is named first, the rest is the merchant. -#}
{% macro without_processor(letters, processors) -%}
    coalesce(
        ' ' || nullif(ltrim(substr(
            {{ letters }}, length(list_filter({{ processors }}, lambda prefix: starts_with(ltrim({{ letters }}), prefix))[1]) + 2
        )), ''),
        {{ letters }}
    )
{%- endmacro %}


{#- Post-hook: parties that no rail names any more go. -#}
{% macro forget_departed_parties() -%}
    delete from {{ this }} as terms
    where
        not exists (
            select 1
            from {{ ref('int_party_names') }} as parties
            where
                parties.business_id = terms.business_id
                and parties.party_kind = terms.party_kind
                and parties.rail = terms.rail
                and parties.party_id = terms.party_id
        )
{%- endmacro %}
