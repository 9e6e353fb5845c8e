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
    rail: Annotated[str | None, typer.Option(help="Which rail: qbo.")] = None,
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
    as_json: Annotated[bool, typer.Option("--json", help="Print what was connected as JSON.")] = False,
) -> None:
    """Connect a business to a rail. Again with the same business: its credentials are replaced.

    Examples: `rowcol onboard acme --rail qbo --credentials acme.json --name "Acme Ltd" --firm harbor`,
    `rowcol onboard --csv clients.csv`. Secrets are read from files or standard input, never from arguments.
    """
    from ingestion.control import open_store
    from ingestion.settings import load_settings

    settings = load_settings()
    options = {"base_url": base_url, "auth_url": auth_url, "name": name, "timezone": timezone, "firm": firm}
    if csv is not None:
        if business or rail or credentials or any(options.values()):
            raise UsageError("--csv stands alone: everything else is in the file's columns")
        with open_store(settings) as store:
            _many(settings, store, csv, as_json)
        return
    if not business or not rail or not credentials:
        raise UsageError("give a business, --rail and --credentials, or --csv FILE")
    with open_store(settings) as store:
        _one(settings, store, business, rail, _read(credentials), options, as_json)


def _one(
    settings: Settings, store: ControlStore, business: str, rail: str, credentials: dict[str, Any], options: dict[str, Any], as_json: bool
) -> None:
    from ingestion.control.onboarding import onboard
    from rowcol_assets.cli.output import show_json

    done = onboard(settings, store, business, rail, credentials, **options)
    if as_json:
        same = {"business_id": done.business_id, "rail": done.rail, "is_sandbox": done.is_sandbox}
        show_json([{**same, "connection_id": connection_id} for connection_id in done.connection_ids])
        return
    what = "is connected to" if done.is_new else "has new credentials for"
    typer.echo(f"{done.business_id} {what} {done.rail} as {', '.join(done.connection_ids)}{' (sandbox)' if done.is_sandbox else ''}")


def _many(settings: Settings, store: ControlStore, path: Path, as_json: bool) -> None:
    from ingestion.control.onboarding_csv import onboard_csv
    from rowcol_assets.cli.output import show_json

    lines = list(onboard_csv(settings, store, path))
    bad = [line for line in lines if line.error]
    if as_json:
        show_json(
            [
                {
                    "line": line.number,
                    "business_id": line.business_id,
                    "connection_ids": list(line.onboarded.connection_ids) if line.onboarded else [],
                    "error": line.error,
                }
                for line in lines
            ]
        )
    else:
        typer.echo(f"{len(lines) - len(bad)} of {len(lines)} connected")
    for line in bad:
        typer.echo(f"line {line.number}: {line.error}", err=True)
    if bad:
        raise RowcolError(f"{len(bad)} of {len(lines)} lines of {path} were not onboarded")


def _read(credentials: str) -> dict[str, Any]:
    from ingestion.control.onboarding_csv import parse_credentials, read_credentials

    if credentials == "-":
        return parse_credentials(sys.stdin.read(), "standard input")
    return read_credentials(Path(credentials))
