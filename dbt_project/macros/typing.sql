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
    `ramp_amount` and `stripe_amount` minor units (macros/minor_units.sql).
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
    {%- else -%}
        {{ exceptions.raise_compiler_error('there is no kind of value ' ~ kind) }}
    {%- endif -%}
{%- endmacro %}


{#- The from_json structure for fields [(column, path, kind)]: nested objects by dots, kind `links` is a LinkedTxn list. -#}
{% macro json_structure(fields, lines) -%}
    {%- set root = {} -%}
    {%- for column, path, kind in fields -%}
        {%- do json_leaf(root, path, kind) -%}
    {%- endfor -%}
    {%- if lines -%}
        {%- set line = {} -%}
        {%- for column, path, kind in lines -%}
            {%- do json_leaf(line, path, kind) -%}
        {%- endfor -%}
        {%- do root.update({'Line': [line]}) -%}
    {%- endif -%}
    {{ root | tojson }}
{%- endmacro %}


{% macro json_leaf(root, path, kind) -%}
    {%- set parts = path.split('.') -%}
    {%- set place = namespace(node=root) -%}
    {%- for part in parts[:-1] -%}
        {%- set place.node = place.node.setdefault(part, {}) -%}
    {%- endfor -%}
    {%- do place.node.update({parts[-1]: json_leaf_type(kind)}) -%}
{%- endmacro %}


{#- The shape of one value: a scalar's text, or the object or list that a kind of money is served as. -#}
{% macro json_leaf_type(kind) -%}
    {%- if kind == 'links' -%}
        {{ return([{'TxnId': 'VARCHAR', 'TxnType': 'VARCHAR'}]) }}
    {%- elif kind == 'ramp_amount' -%}
        {{ return({'amount': 'VARCHAR', 'currency_code': 'VARCHAR', 'minor_unit_conversion_rate': 'VARCHAR'}) }}
    {%- elif kind == 'stripe_balances' -%}
        {{ return([{'amount': 'VARCHAR', 'currency': 'VARCHAR'}]) }}
    {%- endif -%}
    {{ return('VARCHAR') }}
{%- endmacro %}


{#- One record's JSON as a struct of texts; NULL if the text is not JSON at all. -#}
{% macro parsed_payload(fields, lines=none) -%}
    try(from_json(payload, '{{ json_structure(fields, lines) | trim }}'))
{%- endmacro %}


{#- The typed columns of `fields`, read from the struct `doc`. -#}
{% macro typed_columns(fields) -%}
    {%- for column, path, kind in fields %}
    {% if kind == 'links' %}{{ typed_links('doc.' ~ path) }}
    {%- elif kind == 'stripe_balances' %}{{ stripe_balances('doc.' ~ path) }}
    {%- else %}{{ typed(kind, 'doc.' ~ path) }}
    {%- endif %} as {{ column }}
    {%- if not loop.last %},{% endif -%}
    {%- endfor -%}
{%- endmacro %}


{#- The record's lines as a list of typed structs, in the order served; NULL for a record without any. -#}
{% macro typed_lines(lines) -%}
    list_transform(doc.Line, lambda line: {
        {%- for column, path, kind in lines %}
        '{{ column }}': {{ typed_links('line.' ~ path) if kind == 'links' else typed(kind, 'line.' ~ path) }}
        {%- if not loop.last %},{% endif -%}
        {%- endfor %}
    })
{%- endmacro %}


{% macro typed_links(links) -%}
    list_transform({{ links }}, lambda link: {'txn_id': link.TxnId, 'txn_type': link.TxnType})
{%- endmacro %}
