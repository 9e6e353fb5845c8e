"""`rowcol rebuild`: the warehouse again, from the raw segments, the control store and the kept history."""

from __future__ import annotations

import typer


def command() -> None:
    """Make the warehouse again from what lies outside it; the old one comes back if that fails.

    Example: `rowcol rebuild`.
    """
    from ingestion.control.store import open_store, product_clock_of
    from ingestion.settings import load_settings
    from rowcol_assets.cli.progress import timed_lines
    from rowcol_assets.rebuild import rebuild

    settings = load_settings()
    with open_store(settings) as store:
        rows = rebuild(settings, store, product_clock_of(settings, store)(), timed_lines())
    typer.echo(f"rebuilt {settings.warehouse_path} from {rows:,} versions")
