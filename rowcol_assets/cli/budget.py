"""`rowcol budget`: calls per rail and month against its cap. Counted in `ingestion.budget`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ingestion.pacing import Paced

COLUMNS = {
    "rail": "rail",
    "used": "calls this month",
    "forecast": "by its end",
    "cap": "allowed",
    "is_exceeded": "too many",
    "for_hundred": "a month for 100 quiet ones",
    "paces": "polled now",
}


def command(as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list, one object per rail.")] = False) -> None:
    """Show how many calls each vendor got this month, how many it will be, and how often connections are polled.

    Examples: `rowcol budget`, `rowcol budget --json`.
    """
    from ingestion.budget import budgets
    from ingestion.control import open_store, product_clock_of
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json, show_table
    from rowcol_assets.pace import paced_connections

    settings = load_settings()
    with open_store(settings) as store:
        at = product_clock_of(settings, store)()
        paces = _counted(paced_connections(settings, store, at))
        rows = [{**asdict(one), "is_exceeded": one.is_exceeded, "paces": paces.get(one.rail, [])} for one in budgets(store, at)]
    if as_json:
        show_json(rows)
    else:
        show_table("Calls to the vendors", COLUMNS, [{**row, "paces": [_told(one) for one in row["paces"]]} for row in rows])


def _told(pace: dict[str, Any]) -> str:
    return f"{pace['connections']} every {pace['minutes']} min: {pace['why']}"


def _counted(found: Sequence[Paced]) -> dict[str, list[dict[str, Any]]]:
    """By rail, how many connections are polled how often, and why."""
    counts = Counter((one.connection.rail, one.pace.minutes, one.pace.why) for one in found)
    rails: dict[str, list[dict[str, Any]]] = {}
    for (rail, minutes, why), connections in sorted(counts.items()):
        rails.setdefault(rail, []).append({"minutes": minutes, "connections": connections, "why": why})
    return rails
