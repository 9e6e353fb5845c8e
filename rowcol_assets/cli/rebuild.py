"""`rowcol rebuild`: the warehouse again, from the raw segments, the control store and the kept history."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print what was rebuilt as JSON.")] = False,
) -> None:
    """Make the warehouse again from what lies outside it; the old one comes back if that fails.

    Examples: `rowcol rebuild`, `rowcol rebuild --json`.
    """
    from ingestion.control.store import open_store, product_clock_of
    from ingestion.settings import load_settings
    from ingestion.strategies import DATA_FETCH
    from rowcol_assets.cli.output import show_json
    from rowcol_assets.cli.progress import timed_lines
    from rowcol_assets.rebuild import rebuild
    from rowcol_assets.steps import silent

    DATA_FETCH.give_way()
    settings = load_settings()
    with open_store(settings) as store:
        rows = rebuild(settings, store, product_clock_of(settings, store)(), silent if as_json else timed_lines())
    if as_json:
        show_json([{"path": str(settings.warehouse_path), "versions": rows}])
        return
    typer.echo(f"rebuilt {settings.warehouse_path} from {rows:,} versions")
