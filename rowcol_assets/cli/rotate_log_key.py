"""`rowcol rotate-log-key`: another key signs the transaction log from here on. The mechanics are in `rowcol_assets.audit`."""

from __future__ import annotations

from typing import Annotated

import typer


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print the two public keys as JSON.")] = False,
) -> None:
    """Replace the key that signs the transaction log's checkpoints.

    The log tells of the new key, and the checkpoint that covers this is signed by both, so that `rowcol verify-log` follows from the
    first key to the last; the old private key is gone then. Checkpoints it signed stay as they are.

    Examples: `rowcol rotate-log-key`, `rowcol rotate-log-key --json`.
    """
    from ingestion.control import open_store, product_clock_of
    from ingestion.control.acts import operator
    from ingestion.settings import load_settings
    from ingestion.warehouse import open_warehouse
    from rowcol_assets.audit.checkpoint import key_name
    from rowcol_assets.audit.writer import rotate_key
    from rowcol_assets.cli.output import show_json

    settings = load_settings()
    with open_store(settings) as store:
        at = product_clock_of(settings, store)()
    with open_warehouse(settings, "rotate-log-key") as warehouse:
        former, present = rotate_key(settings, warehouse, by=operator(), at=at)
    if as_json:
        show_json([{"former": former, "present": present}])
    else:
        typer.echo(f"key {key_name(present)} signs the transaction log in place of key {key_name(former)}; its public half is {present}")
