"""How commands show rows: a table for people, JSON for programs. Knows nothing of what the rows mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import typer

PIPE_WIDTH = 200

PIPE_COLUMNS = 200


def show_json(rows: Sequence[Mapping[str, Any]]) -> None:
    """Prints `rows` as a JSON list of objects: amounts as exact numbers, instants as RFC 3339 in UTC, dates as ISO."""
    _print_json([_plain(row) for row in rows])


def show_json_object(value: Mapping[str, Any]) -> None:
    """Prints `value` as a JSON object, in the same form."""
    _print_json(_plain(value))


def _print_json(value: Any) -> None:
    import msgspec

    encoded = msgspec.json.Encoder(decimal_format="number").encode(value)
    typer.echo(msgspec.json.format(encoded, indent=2).decode())


def show_table(title: str, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Prints `rows` as a table; `columns` maps a row's key to its heading, and numbers stand right-aligned, never folded."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", header_style="bold")
    for key, heading in columns.items():
        is_number = any(isinstance(row.get(key), (int, float, Decimal)) and not isinstance(row.get(key), bool) for row in rows)
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold", no_wrap=is_number)
    for row in rows:
        # Text, not str: a client may be called "[red]", and that is a name, not markup.
        table.add_row(*(Text(_cell(row.get(key))) for key in columns))
    console = Console()
    # A pipe has no width, and a table folded to 80 columns is of no use to grep.
    (console if console.is_terminal else Console(width=PIPE_WIDTH)).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:,}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, float):
        return f"{value:,.1f}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        # Published instants are UTC without saying so, because BI drivers stumble over zones.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value
