"""`rowcol pause` and `rowcol resume`: leave a business, one of its rails, or a rail of everybody out of syncs.

The rule is in `ingestion.control.pauses`.
"""

from __future__ import annotations

from typing import Annotated

import typer

Business = Annotated[str | None, typer.Argument(help="Business id; without it the rail as a whole.")]
Rail = Annotated[str | None, typer.Option(help="Only this rail; without it the whole business.")]


def pause(business: Business = None, rail: Rail = None) -> None:
    """Leave a business, one of its rails, or a rail of all businesses out of all syncs. What they have stays, marked as disabled.

    Examples: `rowcol pause acme`, `rowcol pause acme --rail qbo`, `rowcol pause --rail plaid`.
    """
    _set(business, rail, is_paused=True)


def resume(business: Business = None, rail: Rail = None) -> None:
    """Take what was paused into the syncs again; what was missed comes with the next one. What was paused otherwise stays so.

    Examples: `rowcol resume acme`, `rowcol resume acme --rail qbo`, `rowcol resume --rail plaid`.
    """
    _set(business, rail, is_paused=False)


def _set(business: str | None, rail: str | None, *, is_paused: bool) -> None:
    from ingestion.control import open_store
    from ingestion.control.pauses import paused_rails, set_pause, set_rail_pause
    from ingestion.errors import UsageError
    from ingestion.registry import rail_promise
    from ingestion.settings import load_settings

    if rail is not None:
        rail_promise(rail)
    with open_store(load_settings()) as store:
        if business is not None:
            changed = set_pause(store.database, business, rail, is_paused=is_paused)
            what = f"{business}{f' on {rail}' if rail else ''}"
        elif rail is not None:
            changed = set_rail_pause(store.database, rail, is_paused=is_paused)
            what = f"{rail} of all businesses"
        else:
            raise UsageError("name a business, or a rail with --rail, or both")
        with store.database.read() as transaction:
            resting = sorted(paused_rails(transaction)) if business and not is_paused else []
    typer.echo(f"{what} is {'now' if changed else 'already'} {'paused' if is_paused else 'not paused'}")
    for name in resting:
        if rail in (None, name):
            typer.echo(f"{name} is paused for all businesses: rowcol resume --rail {name}")
