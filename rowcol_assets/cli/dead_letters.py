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

app = typer.Typer(help="Webhooks that were kept but not acted on: list them, or act on them again.")

Json = Annotated[bool, typer.Option("--json", help="Print a JSON list, one object per dead letter.")]


@app.callback(invoke_without_command=True)
def bare(
    context: typer.Context,
    numbers: Annotated[list[int] | None, typer.Option("--replay", help="The same as `replay`; can be given again.")] = None,
    as_json: Json = False,
) -> None:
    """Show webhooks that were kept but not acted on, or act on one again.

    Examples: `rowcol dead-letters list`, `rowcol dead-letters replay 12`.
    """
    if context.invoked_subcommand is None:
        if numbers:
            _replay(numbers, as_json)
        if as_json or not numbers:
            _show(as_json)


@app.command("list")
def list_letters(as_json: Json = False) -> None:
    """Show webhooks that were kept but not acted on.

    Example: `rowcol dead-letters list --json`.
    """
    _show(as_json)


@app.command()
def replay(numbers: Annotated[list[int], typer.Argument(help="Numbers of dead letters.")]) -> None:
    """Let dead letters wait for a sync again, for the business their connection belongs to now.

    Example: `rowcol dead-letters replay 12 13`.
    """
    _replay(numbers, quiet=False)


def _replay(numbers: list[int], quiet: bool) -> None:
    from ingestion.control import open_store
    from ingestion.control.inbox import replay_dead_letter
    from ingestion.settings import load_settings

    with open_store(load_settings()) as store:
        for number in numbers:
            business = replay_dead_letter(store.database, number)
            typer.echo(f"dead letter {number} waits again, for {business}", err=quiet)


def _show(as_json: bool) -> None:
    from ingestion.control import open_store
    from ingestion.control.inbox import dead_letters
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json, show_table

    settings = load_settings()
    with open_store(settings) as store:
        rows = dead_letters(store.database)
    if as_json:
        show_json(rows)
    elif rows:
        show_table(f"Dead letters of {settings.home}", COLUMNS, rows)
    else:
        typer.echo("no dead letters")
