"""What to know before reading a page: the table at the head of each, so that nothing is empty without a reason.

One row per client and thing that is missing or old, and one where a login has no clients at all.
"""

from __future__ import annotations

from rowcol_assets.bi.model import Column, Dataset, Table
from rowcol_assets.bi.words import said

# The row without a business is let through by the row-level condition of every login.
_QUERY = f""", told as (
    select business_id, 1 as position, 'Held' as subject, 'Shown as last published: ' || coalesce(held_reason, 'no reason stored') as words
    from experiences.portfolio
    where publish_state = 'held'
    union all
    select business_id, 2, 'Runway', case null_reason
        when 'no_cash_account' then 'No runway: no bank account is known.'
        when 'no_burn' then 'No runway: nothing was spent in the last 90 days.'
        when 'short_history' then 'Runway from open bills alone: fewer than 30 days of history.'
        when 'no_exchange_rate' then 'Part of the money is left out: its exchange rate is not known.'
        when 'unreadable_balance' then 'No runway: a bank balance could not be read.'
        else 'Figures are missing: ' || {said("null_reason", "missing")}
    end
    from experiences.portfolio
    where null_reason is not null
    union all
    select business_id, 2, 'Currency', 'Left out, because no exchange rate is known: ' || excluded_currencies
    from experiences.portfolio
    where excluded_currencies <> ''
    union all
    select business_id, 3, 'Age', case freshness_state
        when 'never_synced' then 'Nothing was read yet from a rail that is connected.'
        when 'disabled' then 'A rail is paused; its last state is shown.'
        else 'The data is ' || freshness_state || ': at its oldest ' || coalesce(max_input_age_minutes::varchar, 'unknown') || ' minutes.'
    end
    from experiences.portfolio
    where freshness_state <> 'fresh'
    union all
    select business_id, 4, 'Degraded', 'The last good data stands for: ' || {said("degraded_rails", "rail")}
    from experiences.portfolio
    where degraded_rails <> ''
    union all
    select business_id, 5, 'Not connected', words
    from marts.dim_business
    cross join (values
        ('ramp', 'Ramp is not connected: approvals and bill payments in flight are not seen.'),
        ('plaid', 'Plaid is not connected: nothing is compared with the bank.'),
        ('stripe', 'Stripe is not connected: payouts and charges are not seen.')
    ) as absent (absent_rail, words)
    where not list_contains(string_split(rails_used, ','), absent_rail)
)

select told.business_id, clients.client, told.position, told.subject, told.words
from told
inner join clients on clients.client_id = told.business_id
union all
select '', 'No client', 0, 'Access', 'This login has no clients: nothing is granted to it, or nothing is published yet.'
where not exists (select 1 from marts.dim_business)
"""

KNOW_FIRST = Table(
    "What to know first",
    Dataset(
        "what_to_know_first",
        "experiences.portfolio",
        (Column("position", "Order", "count"), Column("subject", "About"), Column("words", "What to know")),
        query=_QUERY,
    ),
    ("client", "subject", "words"),
    ("position", "client"),
    "Why something on this page is missing, old or held.",
    "Empty when nothing is.",
)
