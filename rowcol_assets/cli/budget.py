"""`rowcol budget`: calls per rail and month against the vendor's cap. Counted in `ingestion.budget`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

COLUMNS = {"rail": "rail", "used": "calls this month", "forecast": "by its end", "cap": "allowed", "is_exceeded": "too many"}


def command(as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list, one object per rail.")] = False) -> None:
    """Show how many calls each vendor got this month and how many it will be.

    Examples: `rowcol budget`, `rowcol budget --json`.
    """
    from ingestion.budget import budgets
    from ingestion.control import open_store, product_clock_of
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json, show_table

    settings = load_settings()
    with open_store(settings) as store:
        rows = [{**asdict(one), "is_exceeded": one.is_exceeded} for one in budgets(store, product_clock_of(settings, store)())]
    if as_json:
        show_json(rows)
    else:
        show_table("Calls to the vendors", COLUMNS, rows)
