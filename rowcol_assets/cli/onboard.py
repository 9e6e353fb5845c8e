"""`rowcol onboard`: connect one business to a rail, or many from a CSV file. The rules are in `ingestion.control.onboarding`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ingestion.errors import RowcolError, UsageError

if TYPE_CHECKING:
    from ingestion.control import ControlStore
    from ingestion.settings import Settings


def command(
    business: Annotated[str | None, typer.Argument(help="Business id: lower-case letters, digits, - and _.")] = None,
    rail: Annotated[str | None, typer.Option(help="Which rail: qbo, ramp, plaid or stripe.")] = None,
    credentials: Annotated[str | None, typer.Option(metavar="FILE|-", help="Credentials JSON, or - for standard input.")] = None,
    base_url: Annotated[str | None, typer.Option(help="The rail's address; plain http only for this machine.")] = None,
    auth_url: Annotated[str | None, typer.Option(help="Where tokens are refreshed, when elsewhere.")] = None,
    name: Annotated[str | None, typer.Option(help="The business's name.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Its time zone, for example America/New_York.")] = None,
    firm: Annotated[str | None, typer.Option(help="The accounting firm it belongs to.")] = None,
    csv: Annotated[
        Path | None,
        typer.Option(
            help="Many at once: business_id,rail,credentials,base_url,auth_url,name,timezone,firm; credentials relative to the file."
        ),
    ] = None,
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Do not ask the vendor whose credentials these are, where they say it themselves.")
    ] = False,
    backfill: Annotated[bool, typer.Option("--backfill", help="Read everything at once and say what the checks found.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was connected as JSON.")] = False,
) -> None:
    """Connect a business to a rail. Again with the same business: its credentials are replaced.

    Examples: `rowcol onboard acme --rail qbo --credentials acme.json --name "Acme Ltd" --firm harbor`,
    `rowcol onboard --csv clients.csv --backfill`. Secrets are read from files or standard input, never from arguments.
    """
    from ingestion.control import open_store
    from ingestion.control.onboarding import onboard
    from ingestion.settings import load_settings
    from rowcol_assets.cli.connected import finish

    settings = load_settings()
    options: dict[str, Any] = {"base_url": base_url, "auth_url": auth_url, "name": name, "timezone": timezone, "firm": firm}
    if csv is not None:
        if business or rail or credentials or any(options.values()):
            raise UsageError("--csv stands alone: everything else is in the file's columns")
        with open_store(settings) as store:
            _many(settings, store, csv, is_asked=not no_check, is_read=backfill, as_json=as_json)
        return
    if not business or not rail or not credentials:
        raise UsageError("give a business, --rail and --credentials, or --csv FILE")
    with open_store(settings) as store:
        done = onboard(settings, store, business, rail, _read(credentials), **options, is_asked=not no_check)
    finish(settings, done, is_read=backfill, as_json=as_json)


def _many(settings: Settings, store: ControlStore, path: Path, *, is_asked: bool, is_read: bool, as_json: bool) -> None:
    from ingestion.control.onboarding_csv import onboard_csv
    from rowcol_assets.cli.connected import backfill, rows, show, warn
    from rowcol_assets.cli.output import show_json
    from rowcol_assets.cli.run import raise_if_failed

    lines = list(onboard_csv(settings, store, path, is_asked=is_asked))
    bad = [line for line in lines if line.error]
    good = [line.onboarded for line in lines if line.onboarded]
    if not as_json:
        typer.echo(f"{len(good)} of {len(lines)} connected")
    for line in bad:
        typer.echo(f"line {line.number}: {line.error}", err=True)
    for one in good:
        warn(one)
    report, found = backfill(settings, good, is_told=not as_json) if is_read and good else (None, {})
    if as_json:
        show_json(
            [
                {
                    "line": line.number,
                    "business_id": line.business_id,
                    "connection_ids": list(line.onboarded.connection_ids) if line.onboarded else [],
                    "error": line.error,
                    "connections": rows(line.onboarded) if line.onboarded else [],
                    **({"baseline": found.get(line.business_id)} if is_read else {}),
                }
                for line in lines
            ]
        )
    else:
        show(found)
    if bad:
        raise RowcolError(f"{len(bad)} of {len(lines)} lines of {path} were not onboarded")
    if report:
        raise_if_failed(report)


def _read(credentials: str) -> dict[str, Any]:
    from ingestion.control.onboarding_csv import parse_credentials, read_credentials

    if credentials == "-":
        return parse_credentials(sys.stdin.read(), "standard input")
    return read_credentials(Path(credentials))
