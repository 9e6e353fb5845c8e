"""Clients on every page: whom one can choose, whether or not a page has a row of theirs, and those a total leaves out by name."""

from __future__ import annotations

from rowcol_assets.bi.model import Dataset

NOT_IN_IT = (
    "Amounts of different currencies are never added up. Clients whose cash is not known are not in the sum of cash, and of those in part "
    "what has no exchange rate is not."
)

CHOICES = Dataset("clients", "marts.dim_business", ())

IN_PART = "excluded_currencies <> ''"


def names_of(condition: str) -> str:
    """An aggregate that names the clients of the rows for which `condition` holds; `none` when it holds for no row."""
    return f"coalesce(string_agg(distinct client, ', ' order by client) filter (where {condition}), 'none')"
