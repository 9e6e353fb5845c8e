{#-
  From JSON text to typed values, exactly: one from_json per record reads every field as text, and a cast types it.

  DuckDB's JSON reader takes numbers through doubles, in from_json and in ->> alike: 12345678901234567.89 becomes
  12345678901234568.0, and typed as DECIMAL there 0.285 becomes 0.28 and "true" 1.00. The text of a double is what was
  served as long as it had at most 15 digits; longer numbers are put in quotes first, so that the wire's own text
  arrives. A cast from text to DECIMAL rounds half away from zero and never fails: what does not fit is NULL.
-#}

{#- The payload with each number of 16 or more characters in quotes; the original if that would not be JSON. -#}
{% macro wire_exact(payload) -%}
    case
        when
            regexp_matches({{ payload }}, '[0-9][0-9.]{15}')
            and json_valid({{ quote_long_numbers(payload) }})
            then {{ quote_long_numbers(payload) }}
        else {{ payload }}
    end
{%- endmacro %}


{% macro quote_long_numbers(payload) -%}
    regexp_replace(
        {{ payload }},
        '([^\\]"\s*:\s*)(-?[0-9][0-9.]{15,}(?:[eE][-+]?[0-9]+)?)(\s*[,}])',
        '\1"\2"\3',
        'g'
    )
{%- endmacro %}


{#- `text` typed as text, money (major units, two decimals), rate, date, flag, number or instant; NULL if it is not one.
    Kinds that one vendor has: `day` the date of a timestamp, `us_date` month/day/year, `seconds` an instant in Unix seconds,
    `ramp_amount`, `stripe_amount` and `stripe_balances` minor units (macros/minor_units.sql), `links` a LinkedTxn list, `coded_lines`
    the ledger's account of each of Ramp's lines.
    Dates are bounded so that no arithmetic on them can overflow: "infinity" is a date to DuckDB. -#}
{% macro typed(kind, text) -%}
    {%- if kind == 'text' -%}
        {{ text }}
    {%- elif kind == 'money' -%}
        try_cast({{ text }} as decimal(18, 2))
    {%- elif kind == 'rate' -%}
        try_cast({{ text }} as decimal(18, 8))
    {%- elif kind == 'date' -%}
        case when try_cast({{ text }} as date) between date '1900-01-01' and date '2200-01-01' then try_cast({{ text }} as date) end
    {%- elif kind == 'flag' -%}
        try_cast({{ text }} as boolean)
    {%- elif kind == 'number' -%}
        try_cast({{ text }} as integer)
    {%- elif kind == 'instant' -%}
        case when isfinite(try_cast({{ text }} as timestamptz)) then try_cast({{ text }} as timestamptz) end
    {%- elif kind == 'day' -%}
        {{ typed('date', 'left(' ~ text ~ ', 10)') }}
    {%- elif kind == 'us_date' -%}
        cast(try_strptime({{ text }}, '%m/%d/%Y') as date)
    {%- elif kind == 'seconds' -%}
        case when try_cast({{ text }} as bigint) between 0 and 7258118400 then to_timestamp(try_cast({{ text }} as bigint)) end
    {%- elif kind == 'ramp_amount' -%}
        {{ ramp_amount(text) }}
    {%- elif kind == 'stripe_amount' -%}
        {{ stripe_amount(text, 'doc.currency') }}
    {%- elif kind == 'stripe_balances' -%}
        {{ stripe_balances(text) }}
    {%- elif kind == 'links' -%}
        list_transform({{ text }}, lambda link: {'txn_id': link.TxnId, 'txn_type': link.TxnType})
    {%- elif kind == 'coded_lines' -%}
        list_transform(
            {{ text }},
            lambda line: list_filter(
                line.accounting_field_selections, lambda chosen: chosen.category_info.type = 'GL_ACCOUNT'
            )[1].external_id
        )
    {%- else -%}
        {{ exceptions.raise_compiler_error('there is no kind of value ' ~ kind) }}
    {%- endif -%}
{%- endmacro %}


{#- One record's JSON as a struct of texts; NULL if the text is not JSON at all. -#}
{% macro parsed_payload(fields, lines=none) -%}
    {%- set structure = json_structure(fields) -%}
    {%- if lines -%}
        {%- do structure.update({'Line': [json_structure(lines)]}) -%}
    {%- endif -%}
    try(from_json(payload, '{{ structure | tojson }}'))
{%- endmacro %}


{#- The from_json structure for fields [(column, path, kind)]: objects nested by the dots, and for each value its text, or the
    object or list that its kind is served as. -#}
{% macro json_structure(fields) -%}
    {%- set served = {
        'links': [{'TxnId': 'VARCHAR', 'TxnType': 'VARCHAR'}],
        'coded_lines': [{'accounting_field_selections': [{'external_id': 'VARCHAR', 'category_info': {'type': 'VARCHAR'}}]}],
        'ramp_amount': {'amount': 'VARCHAR', 'currency_code': 'VARCHAR', 'minor_unit_conversion_rate': 'VARCHAR'},
        'stripe_balances': [{'amount': 'VARCHAR', 'currency': 'VARCHAR'}],
    } -%}
    {%- set root = {} -%}
    {%- for column, path, kind in fields -%}
        {%- set parts = path.split('.') -%}
        {%- set place = namespace(node=root) -%}
        {%- for part in parts[:-1] -%}
            {%- set place.node = place.node.setdefault(part, {}) -%}
        {%- endfor -%}
        {%- do place.node.update({parts[-1]: served.get(kind, 'VARCHAR')}) -%}
    {%- endfor -%}
    {{ return(root) }}
{%- endmacro %}


{#- Each of `fields` with where its text stands in the struct `record` and the SQL of its typed value, which columns and rejected
    values both need. -#}
{% macro typed_fields(fields, record) -%}
    {%- set found = [] -%}
    {%- for column, path, kind in fields -%}
        {%- set text = record ~ '.' ~ path -%}
        {%- set value = text if kind == 'text' else typed(kind, text) -%}
        {%- do found.append({'column': column, 'path': path, 'kind': kind, 'text': text, 'value': value}) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#- The typed columns of `fields`, which come from typed_fields. -#}
{% macro typed_columns(fields) -%}
    {%- for field in fields %}
    {{ field.value }} as {{ field.column }}
    {%- if not loop.last %},{% endif -%}
    {%- endfor -%}
{%- endmacro %}


{#- The record's lines as a list of typed structs, in the order served; NULL for a record without any. -#}
{% macro typed_lines(lines) -%}
    list_transform(doc.Line, lambda line: {
        {%- for field in typed_fields(lines, 'line') %}
        '{{ field.column }}': {{ field.value }}
        {%- if not loop.last %},{% endif -%}
        {%- endfor %}
    })
{%- endmacro %}
