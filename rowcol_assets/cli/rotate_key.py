"""`rowcol rotate-key`: puts the stored secrets under a new key. The mechanics are in `ingestion.control.vault`."""

from __future__ import annotations

import typer


def command() -> None:
    """Encrypt all stored credentials and tokens under a new key.

    With a key file in the home a fresh key is made and the old one dropped. With ROWCOL_SECRET_KEY, set it to
    `NEW,OLD` first, run this, then set it to `NEW`.
    """
    from ingestion.control import open_store
    from ingestion.settings import load_settings

    with open_store(load_settings()) as store:
        typer.echo(f"{store.rotate_key()} stored secrets are under the new key")
