"""`rowcol dead-letters`: webhooks nobody could act on. What becomes one is in `ingestion.control.inbox`."""

from __future__ import annotations

from typing import Annotated

import typer

COLUMNS = {
    "inbox_no": "number",
    "received_at": "received",
    "rail": "rail",
    "connection_id": "connection",
    "business_id": "business",
    "kind": "kind",
    "reason": "reason",
}


def command(
    replay: Annotated[list[int] | None, typer.Option("--replay", help="Act on this dead letter again; can be given again.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON list, one object per dead letter.")] = False,
) -> None:
    """Show webhooks that were kept but not acted on, or act on one again.

    Examples: `rowcol dead-letters`, `rowcol dead-letters --replay 12`.
    """
    from ingestion.control import open_store
    from ingestion.control.inbox import dead_letters, replay_dead_letter
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json, show_table

    settings = load_settings()
    with open_store(settings) as store:
        for number in replay or []:
            business = replay_dead_letter(store.database, number)
            typer.echo(f"dead letter {number} waits again, for {business}", err=as_json)
        if replay and not as_json:
            return
        rows = dead_letters(store.database)
    if as_json:
        show_json(rows)
    elif rows:
        show_table(f"Dead letters of {settings.home}", COLUMNS, rows)
    else:
        typer.echo("no dead letters")
