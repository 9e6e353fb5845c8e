"""Entry of the `rowcol` command: mounts the commands, and turns every failure into one sentence and an exit code.

0 done; 1 done but something failed; 2 wrong use; 3 the warehouse is held by another. What a command does is in its
own module: `command` is the function of a single command, `app` the typer application of a group.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from ingestion.errors import RowcolError
from rowcol_assets.collector import collect_rarely

PACKAGE = "rowcol_assets.cli"

# Name on the command line and module, with the function where it is not `command`; in the order of the help.
COMMANDS: dict[str, str] = {
    "quickstart": "quickstart",
    "run": "run",
    "sync": "sync",
    "rebuild": "rebuild",
    "onboard": "onboard",
    "connect": "connect",
    "disconnect": "disconnect",
    "settings": "business_settings",
    "grant": "grant",
    "portfolio": "portfolio",
    "digest": "digest",
    "publish": "publish",
    "live": "live",
    "decide": "decide",
    "what-if": "what_if",
    "history": "history",
    "lineage": "lineage",
    "explain": "explain",
    "verify-log": "verify_log",
    "status": "status",
    "doctor": "doctor",
    "budget": "budget",
    "pause": "pause:pause",
    "resume": "pause:resume",
    "ui": "ui",
    "bi": "bi",
    "docs": "docs",
    "receiver": "receiver",
    "webhooks": "webhooks",
    "rotate-key": "rotate_key",
    "rotate-log-key": "rotate_log_key",
}
GROUPS: dict[str, str] = {"evaluate": "evaluate", "quarantine": "quarantine", "dead-letters": "dead_letters", "sandbox": "sandbox"}


def build_app(only: str | None = None) -> typer.Typer:
    """The application with all commands, or with `only` one of them so that the others are not imported."""
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    for name, module in COMMANDS.items():
        if only in (None, name):
            module, _, function = module.partition(":")
            app.command(name, no_args_is_help=False)(getattr(import_module(f"{PACKAGE}.{module}"), function or "command"))
    for name, module in GROUPS.items():
        if only in (None, name):
            app.add_typer(import_module(f"{PACKAGE}.{module}").app, name=name)
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command in `arguments` (default: the process's) and ends the process with its exit code."""
    # dlt and Dagster write files of their own, with the modes the process gives them.
    os.umask(0o077)
    collect_rarely()
    given = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in given
    rest = [argument for argument in given if argument != "--debug"]
    first = next((argument for argument in rest if not argument.startswith("-")), None)
    known = first if first in COMMANDS or first in GROUPS else None
    try:
        code = _run(rest, known)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough; the interpreter's own flush at exit must not complain either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except RowcolError as error:
        if debug:
            raise
        typer.echo(f"rowcol: {error}", err=True)
        code = error.exit_code
    except Exception as error:
        if debug:
            raise
        from ingestion.disk import full_disk

        # Not the exception's own text: it can hold whatever the code was working on.
        unexpected = f"stopped by an unexpected {type(error).__name__}; the same command with --debug shows where"
        typer.echo(f"rowcol: {full_disk(error) or unexpected}", err=True)
        code = 1
    sys.exit(code)


def _run(arguments: list[str], only: str | None) -> int:
    try:
        build_app(only)(args=arguments, prog_name="rowcol")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback when something fails.")] = False,
) -> None:
    """RowCol: which of my clients run out of cash, and can I trust the number?"""
