"""`rowcol digest`: what an advisor should look at first, as it was published."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    advisor: Annotated[str | None, typer.Argument(help="Advisor id; may be left out where only one is published.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the same as JSON.")] = False,
) -> None:
    """Show an advisor's clients, the most urgent first: what is wrong, what changed, what can be paid, who is late.

    Examples: `rowcol digest ann@harbor.example`, `rowcol digest --json`.
    """
    from ingestion.errors import RowcolError, UsageError
    from ingestion.settings import load_settings
    from rowcol_assets.cli.portfolio import chosen_advisor
    from rowcol_assets.publishing.layout import DIGEST, DIGEST_TEXT

    settings = load_settings()
    chosen = chosen_advisor(settings, advisor)
    if chosen is None:
        raise UsageError("whose digest? `rowcol digest ADVISOR`; `rowcol run` publishes one for every advisor with a grant")
    path = settings.published_dir / chosen / (DIGEST if as_json else DIGEST_TEXT)
    try:
        typer.echo(path.read_text(encoding="utf-8"), nl=False)
    except OSError:
        raise RowcolError(f"{chosen}'s files were published without a digest: `rowcol run` publishes them anew") from None
