"""`rowcol disconnect`: revoke a connection at the vendor and forget its secret. The rule is in `ingestion.removing`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

SAID = {
    "revoked": "the vendor has ended the consent",
    "already_over": "the vendor had ended the consent before",
    "not_offered": "the vendor ends no such key for us: revoke it in the vendor's own settings",
    "left_alone": "the consent at the vendor was left alone",
}


def command(
    business: Annotated[str, typer.Argument(help="Business id.")],
    rail: Annotated[str, typer.Option(help="Which rail: qbo, ramp, plaid or stripe.")],
    connection: Annotated[str | None, typer.Option(help="Which connection, where the business has several on the rail.")] = None,
    keep_consent: Annotated[bool, typer.Option("--keep-consent", help="Remove it here alone, without asking the vendor.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was removed as JSON.")] = False,
) -> None:
    """Take a connection away: revoke it at the vendor, forget its secret, keep what was read, marked as disabled.

    Connected again later, it goes on where it ended. Examples: `rowcol disconnect acme --rail ramp`,
    `rowcol disconnect acme --rail plaid --connection ITEM`.
    """
    from ingestion.control import open_store
    from ingestion.removing import disconnect
    from ingestion.settings import load_settings
    from rowcol_assets.cli.output import show_json

    with open_store(load_settings()) as store:
        removed = disconnect(store, business, rail, connection, at_vendor=not keep_consent)
    if as_json:
        show_json([asdict(removed)])
        return
    typer.echo(f"{business} is no longer connected to {rail} as {removed.connection_id}; {SAID[removed.ending]}. What was read stays.")
