{#- What the models of conflicts share: which records two rails both tell of, what each says by field, and when two values differ.
    Whose word counts is the seed `conflict_precedence`. -#}

{#- Per pair of records, the fields that both state. A bill's payment is the ledger's payment beside the Ramp bill it pays. -#}
{% macro compared_pairs() -%}
    {{ return({
        'bill': ['amount', 'due_date', 'vendor', 'gl_account', 'payment_status'],
        'bill_payment': ['payment_date'],
        'bank_ledger': ['bank_amount', 'posted_date'],
        'bank_ramp': ['bank_amount', 'posted_date'],
        'bank_payout': ['payout', 'posted_date'],
        'charge': ['charge'],
        'invoice': ['open_balance'],
        'cash': ['cash_balance'],
    }) }}
{%- endmacro %}


{#- The lines of an entity that a compared field is read from, as its mirror has them in `lines`; none of the others. -#}
{% macro compared_lines(rail, entity) -%}
    {{ return(qbo_expense_lines() if (rail, entity) == ('qbo', 'bills') else none) }}
{%- endmacro %}


{#- The accounts that all lines together are coded to, each once; NULL unless every line is coded to one. -#}
{% macro one_of_each(accounts) -%}
    case when len({{ accounts }}) = list_count({{ accounts }}) then nullif(array_to_string(list_sort(list_distinct({{ accounts }})), ','), '') end
{%- endmacro %}


{#- Fields whose values are money; a vendor's is compared by the vendor map, everything else as text. -#}
{% macro compared_amounts() -%}
    {{ return(['amount', 'open_balance', 'bank_amount', 'charge', 'payout', 'cash_balance']) }}
{%- endmacro %}


{#- Per entity (rail, entity, fields, says): `fields` to read from a version's payload, named as in the mirror, and `says`, the SQL
    over those names by compared field. What a bill without an amount was paid nobody can say; a sign says which way money
    went, which the match has settled. -#}
{% macro compared_entities() -%}
    {%- set document = [('txn_date', 'TxnDate', 'date'), ('total_amount', 'TotalAmt', 'money')] -%}
    {%- set document_says = {'bank_amount': 'total_amount', 'posted_date': 'txn_date'} -%}
    {%- set receipt_says = {'bank_amount': 'total_amount', 'posted_date': 'txn_date', 'charge': 'total_amount'} -%}
    {{ return([
        ('ramp', 'bills', [
            ('total_amount', 'amount', 'ramp_amount'),
            ('due_date', 'due_at', 'day'),
            ('vendor_id', 'vendor.id', 'text'),
            ('status', 'status', 'text'),
            ('payment_date', 'payment.payment_date', 'day'),
            ('line_accounts', 'line_items', 'coded_lines'),
            ('inventory_line_accounts', 'inventory_line_items', 'coded_lines'),
        ], {
            'amount': 'total_amount',
            'due_date': 'due_date',
            'vendor': 'vendor_id',
            'gl_account': one_of_each('list_concat(line_accounts, inventory_line_accounts)'),
            'payment_status': 'lower(status)',
            'payment_date': 'payment_date',
        }),
        ('qbo', 'bills', [
            ('total_amount', 'TotalAmt', 'money'),
            ('open_amount', 'Balance', 'money'),
            ('due_date', 'DueDate', 'date'),
            ('vendor_id', 'VendorRef.value', 'text'),
        ], {
            'amount': 'total_amount',
            'due_date': 'due_date',
            'vendor': 'vendor_id',
            'gl_account': one_of_each("list_transform(list_filter(lines, lambda line: line.detail_type like '%ExpenseLineDetail'), "
                ~ "lambda line: line.account_id)"),
            'payment_status': "case when total_amount != 0 and open_amount = 0 then 'paid' when total_amount != 0 then 'open' end",
        }),
        ('qbo', 'bill_payments', document, {
            'bank_amount': 'total_amount',
            'posted_date': 'txn_date',
            'payment_date': 'txn_date',
        }),
        ('qbo', 'purchases', document, document_says),
        ('qbo', 'payments', document, receipt_says),
        ('qbo', 'sales_receipts', document, receipt_says),
        ('qbo', 'refund_receipts', document, document_says),
        ('qbo', 'deposits', document, document_says),
        ('qbo', 'transfers', [('txn_date', 'TxnDate', 'date'), ('total_amount', 'Amount', 'money')], document_says),
        ('qbo', 'invoices', [('open_amount', 'Balance', 'money')], {'open_balance': 'open_amount'}),
        ('ramp', 'transfers', [
            ('amount', 'amount', 'ramp_amount'),
            ('created_at', 'created_at', 'instant'),
        ], {
            'bank_amount': 'abs(amount)',
            'posted_date': "cast(" ~ utc('created_at') ~ " as date)",
        }),
        ('ramp', 'reimbursements', [
            ('amount', 'amount', 'money'),
            ('transaction_date', 'transaction_date', 'date'),
            ('created_at', 'created_at', 'instant'),
        ], {
            'bank_amount': 'abs(amount)',
            'posted_date': "coalesce(transaction_date, cast(" ~ utc('created_at') ~ " as date))",
        }),
        ('plaid', 'transactions', [
            ('amount', 'amount', 'money'),
            ('posted_date', 'date', 'date'),
        ], {
            'bank_amount': 'abs(amount)',
            'payout': 'abs(amount)',
            'posted_date': 'posted_date',
        }),
        ('stripe', 'charges', [
            ('amount', 'amount', 'stripe_amount'),
            ('captured_amount', 'amount_captured', 'stripe_amount'),
            ('currency', 'currency', 'text'),
        ], {
            'charge': 'coalesce(captured_amount, amount)',
        }),
        ('stripe', 'invoices', [
            ('remaining_amount', 'amount_remaining', 'stripe_amount'),
            ('currency', 'currency', 'text'),
        ], {
            'open_balance': 'remaining_amount',
        }),
        ('stripe', 'payouts', [
            ('amount', 'amount', 'stripe_amount'),
            ('currency', 'currency', 'text'),
            ('arrival_at', 'arrival_date', 'seconds'),
        ], {
            'payout': 'amount',
            'posted_date': "cast(" ~ utc('arrival_at') ~ " as date)",
        }),
    ]) }}
{%- endmacro %}


{#- What a record says, as a list of {field, amount, value}: money as DECIMAL and as text, everything else as text. -#}
{% macro said_values(says) -%}
    [
        {%- for field, expression in says.items() %}
        {
            'field': '{{ field }}',
            'amount': {{ money(expression) if field in compared_amounts() else 'cast(null as decimal(18, 2))' }},
            'value': {{ 'cast(' ~ money(expression) ~ ' as varchar)' if field in compared_amounts() else 'cast(' ~ expression ~ ' as varchar)' }}
        }{{ ',' if not loop.last }}
        {%- endfor %}
    ]
{%- endmacro %}


{#- What one side says of a field; money is compared by its amount. -#}
{% macro one_word(amount, value=none, key=none) -%}
    struct_pack(
        amount := {{ amount }},
        value := {{ value or 'cast(' ~ amount ~ ' as varchar)' }},
        key := {{ key or 'cast(' ~ amount ~ ' as varchar)' }}
    )
{%- endmacro %}


{#- Whether two rails state different values of a field; one that states none contradicts nobody. `one` and `other` have key and
    amount. A document may be dated before its money moves, and a payout arrive within two days; cash may differ as far as H24
    allows, `other` being the bank's. -#}
{% macro is_disagreement(field, pair, one, other) -%}
    coalesce(case
        when {{ field }} = 'posted_date' and {{ pair }} = 'bank_payout'
            then abs(try_cast({{ one }}.key as date) - try_cast({{ other }}.key as date)) > 2
        when {{ field }} = 'posted_date' then {{ one }}.key > {{ other }}.key
        when {{ field }} = 'cash_balance'
            then abs({{ wide(one ~ '.amount') }} - {{ other }}.amount) > greatest(
                cast({{ hygiene_threshold('H24', 'min_gap') }} as decimal(18, 2)),
                try_cast({{ hygiene_threshold('H24', 'share') }} * abs({{ wide(other ~ '.amount') }}) as decimal(18, 2))
            )
        when {{ field }} in ('{{ compared_amounts() | join("', '") }}') then {{ one }}.amount != {{ other }}.amount
        else {{ one }}.key != {{ other }}.key
    end, false)
{%- endmacro %}


{#- Rows of `said` with the key they are compared by. A vendor's is the vendor map's, and shown as a person reads it, as accounts are;
    one that is not known in the ledger contradicts nobody there (H18 tells of a vendor). -#}
{% macro said_with_keys(said) -%}
    select
        said.* replace (
            case said.field
                when 'vendor' then coalesce(parties.party_name || ' (' || said.value || ')', said.value)
                when 'gl_account' then {{ named_accounts('said.value', 'accounts.names') }}
                else said.value
            end as value
        ),
        case said.field
            when 'vendor' then case when parties.is_in_ledger then parties.party_key end
            when 'gl_account' then case when list_has_all(map_keys(accounts.names), string_split(said.value, ',')) then said.value end
            else said.value
        end as key
    from {{ said }} as said
    left join (
        select
            parties.business_id,
            parties.rail,
            'vendor' as field,
            parties.party_id,
            parties.party_name,
            parties.party_key,
            bool_or(parties.is_ledger) over (partition by parties.business_id, parties.party_key) as is_in_ledger
        from {{ ref('int_party_map') }} as parties
        where parties.party_kind = 'vendor'
    ) as parties
        on
            said.business_id = parties.business_id
            and said.rail = parties.rail
            and said.field = parties.field
            and said.value = parties.party_id
    left join (
        select
            named.business_id,
            'gl_account' as field,
            map_from_entries(list((named.record_id, named.account_name))) as names
        from (
            select
                accounts.business_id,
                accounts.record_id,
                any_value(accounts.account_name) as account_name
            from {{ ref('stg_qbo__accounts') }} as accounts
            group by accounts.business_id, accounts.record_id
        ) as named
        group by named.business_id
    ) as accounts
        on
            said.business_id = accounts.business_id
            and said.field = accounts.field
{%- endmacro %}


{#- Accounts given by their ids, as a person reads them. -#}
{% macro named_accounts(ids, names) -%}
    array_to_string(list_transform(string_split({{ ids }}, ','), lambda id: coalesce({{ names }}[id] || ' (' || id || ')', id)), ', ')
{%- endmacro %}
