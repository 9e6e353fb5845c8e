"""`rowcol pause` and `rowcol resume`: leave a business or one of its rails out of syncs. The rule is in `ingestion.control.pauses`."""

from __future__ import annotations

from typing import Annotated

import typer

Business = Annotated[str, typer.Argument(help="Business id.")]
Rail = Annotated[str | None, typer.Option(help="Only this rail; without it the whole business.")]


def pause(business: Business, rail: Rail = None) -> None:
    """Leave a business, or one of its rails, out of all syncs. What it has stays, marked as disabled.

    Examples: `rowcol pause acme`, `rowcol pause acme --rail qbo`.
    """
    _set(business, rail, is_paused=True)


def resume(business: Business, rail: Rail = None) -> None:
    """Take a paused business or rail into the syncs again; what was missed comes with the next one.

    Examples: `rowcol resume acme`, `rowcol resume acme --rail qbo`.
    """
    _set(business, rail, is_paused=False)


def _set(business: str, rail: str | None, *, is_paused: bool) -> None:
    from ingestion.control import open_store
    from ingestion.control.pauses import set_pause
    from ingestion.registry import rail_promise
    from ingestion.settings import load_settings

    if rail is not None:
        rail_promise(rail)
    with open_store(load_settings()) as store:
        changed = set_pause(store.database, business, rail, is_paused=is_paused)
    what, state = f"{business}{f' on {rail}' if rail else ''}", "paused" if is_paused else "not paused"
    typer.echo(f"{what} is {'now' if changed else 'already'} {state}")
