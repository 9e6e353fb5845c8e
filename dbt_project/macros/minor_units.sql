{#-
  Amounts in a currency's minor unit, and how many of those make a major one. An amount is divided exactly, in decimals,
  by its currency's exponent (seed `currency_exponents`); a currency that is not known, or an amount that is no whole number,
  is NULL and becomes a rejected value: a guess would be wrong by a factor of 10 or 1000. The result has three decimals, as
  the three-decimal currencies need.
-#}

{#- A one-row relation with the exponents as maps from currency, for a mirror's CTE to cross join. -#}
{% macro exponent_maps() -%}
    select
        map(list(exponents.currency), list(exponents.iso_exponent)) as iso_exponents,
        map(list(exponents.currency), list(exponents.stripe_exponent)) as stripe_exponents
    from {{ ref('currency_exponents') }} as exponents
{%- endmacro %}


{#- The text of a whole number of minor units in major units, DECIMAL(18,3). Of 18 digits it is read as 19, because DuckDB multiplies two
    decimals of at most 18 digits in 18, and fails the statement of all businesses where the product has more. -#}
{% macro minor_units(text, exponent) -%}
    case
        when regexp_full_match({{ text }}, '-?[0-9]{1,18}([.]0+)?')
            then try_cast(
                cast({{ text }} as decimal(19, 0)) * case {{ exponent }}
                    when 0 then 1.000
                    when 2 then 0.010
                    when 3 then 0.001
                end as decimal(18, 3)
            )
    end
{%- endmacro %}


{#- Ramp's CurrencyAmount `amount`: by the rate it carries itself, else by ISO 4217. -#}
{% macro ramp_amount(amount) -%}
    {{ minor_units(amount ~ '.amount', ramp_exponent(amount)) }}
{%- endmacro %}


{% macro ramp_exponent(amount) -%}
    case try_cast({{ amount }}.minor_unit_conversion_rate as integer)
        when 1 then 0
        when 100 then 2
        when 1000 then 3
        else case when {{ amount }}.minor_unit_conversion_rate is null then iso_exponents[upper({{ amount }}.currency_code)] end
    end
{%- endmacro %}


{#- Stripe's integer `text` in `currency`, by Stripe's own exponent: it sends ISK and UGX with two decimals, MGA with none. -#}
{% macro stripe_amount(text, currency) -%}
    {{ minor_units(text, 'stripe_exponents[upper(' ~ currency ~ ')]') }}
{%- endmacro %}


{#- Stripe's list of amounts, one per currency, as typed structs. -#}
{% macro stripe_balances(balances) -%}
    list_transform({{ balances }}, lambda balance: {
        'amount': {{ stripe_amount('balance.amount', 'balance.currency') }},
        'currency': upper(balance.currency)
    })
{%- endmacro %}
