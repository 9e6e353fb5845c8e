"""How a command tells what it is doing: one line per finished step with the seconds since it began."""

from __future__ import annotations

import time
from collections.abc import Callable

import typer


def timed_lines() -> Callable[[str], None]:
    """A function that prints its lines on standard error, so that standard output stays for results."""
    started = time.monotonic()

    def say(line: str) -> None:
        typer.echo(f"{time.monotonic() - started:6.1f} s  {line}", err=True)

    return say
