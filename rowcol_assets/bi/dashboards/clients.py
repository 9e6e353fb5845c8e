"""Clients and rails one can choose on every page, whether or not it has a row of theirs, and the clients a total leaves out by name."""

from __future__ import annotations

from rowcol_assets.bi.model import Column, Dataset
from rowcol_assets.bi.words import said

NOT_IN_IT = (
    "Amounts of different currencies are never added up. Clients whose cash is not known are not in the sum of cash, and of those in part "
    "what has no exchange rate is not."
)

CHOICES = Dataset("clients", "marts.dim_business", ())
# Those that are connected, and people, who enter bills.
RAIL_CHOICES = Dataset(
    "rails",
    "marts.fct_rail_freshness",
    (Column("rail", "Rail"),),
    query=f""", rails as (
    select business_id, rail from marts.fct_rail_freshness
    union
    select business_id, rail from marts.fct_bills where rail = 'user'
)
select business_id, client, {said("rail", "rail")} as rail
from rails
inner join clients on client_id = business_id""",
)

IN_PART = "excluded_currencies <> ''"


def names_of(condition: str) -> str:
    """An aggregate that names the clients of the rows for which `condition` holds; `none` when it holds for no row."""
    return f"coalesce(string_agg(distinct client, ', ' order by client) filter (where {condition}), 'none')"
