"""`rowcol doctor`: what is wrong and what to do. The findings are made in `rowcol_assets.diagnosis`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer


def command(as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list, one object per finding.")] = False) -> None:
    """Say what is wrong with this home, its connections and its published files, and what to do about it.

    Ends with 1 when something is broken. Examples: `rowcol doctor`, `rowcol doctor --json`.
    """
    from ingestion.control import open_store, product_clock_of
    from ingestion.errors import RowcolError
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json, show_table
    from rowcol_assets.diagnosis import diagnose

    settings = load_settings()
    with open_store(settings) as store:
        found = diagnose(settings, store, product_clock_of(settings, store)())
    if as_json:
        show_json([asdict(finding) for finding in found])
    elif found:
        columns = {"severity": "", "subject": "about", "problem": "what is wrong", "what_to_do": "what to do"}
        show_table(f"Findings in {settings.home}", columns, [asdict(finding) for finding in found])
    else:
        typer.echo("nothing is wrong")
    broken = sum(finding.severity == "broken" for finding in found)
    if broken:
        raise RowcolError(f"{broken} of {len(found)} findings need mending")
